import type { TestResult } from '@orrery/protocol'
import { expect, test } from 'vitest'
import { parseJUnit } from './junit.ts'

async function read(...chunks: (string | Buffer)[]) {
  const tests: TestResult[] = []
  const bytes = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk)
  })()
  const outcome = await parseJUnit(bytes, (found) => tests.push(found))
  return { outcome, tests }
}

/** One `<testcase>` in one suite. */
async function readCase(xml: string): Promise<Partial<TestResult> | undefined> {
  const { tests, outcome } = await read(`<testsuite name="suite">${xml}</testsuite>`)
  expect(outcome).toEqual({ ok: true, tests: 1 })
  return tests[0]
}

test.each<[string, string, Partial<TestResult>]>([
  [
    'a passed one',
    '<testcase name="n" classname="c" time="1.5"/>',
    { name: 'n', classname: 'c', runTime: 1.5, result: 'success', message: '' },
  ],
  ['the class from the suite', '<testcase name="n"/>', { classname: 'suite' }],
  ['the class from the suite where its own is empty', '<testcase name="n" classname=""/>', { classname: 'suite' }],
  ['no attributes', '<testcase/>', { name: '', runTime: 0 }],
  [
    'a failure',
    '<testcase><failure message="m" type="T">text</failure></testcase>',
    { result: 'failure', message: 'm\ntext' },
  ],
  ['an error', '<testcase><error>text</error></testcase>', { result: 'error', message: 'text' }],
  ['a skip', '<testcase><skipped message="why"/></testcase>', { result: 'skipped', message: 'why' }],
  [
    'several failures',
    '<testcase><failure message="a"/><failure message="b">c</failure></testcase>',
    { result: 'failure', message: 'a\nb\nc' },
  ],
  ['a failure after a skip', '<testcase><skipped/><failure/></testcase>', { result: 'failure' }],
  ['an error before a failure', '<testcase><error/><failure/></testcase>', { result: 'failure' }],
  [
    'reruns do not count',
    '<testcase><rerunFailure message="x"/><flakyFailure>y</flakyFailure></testcase>',
    { result: 'success', message: '' },
  ],
  ['output does not count', '<testcase><system-out>loud</system-out></testcase>', { message: '' }],
  [
    'an outcome inside output does not count',
    '<testcase><system-out><failure/></system-out></testcase>',
    { result: 'success' },
  ],
  ['CDATA', '<testcase><failure><![CDATA[a <b> & c]]></failure></testcase>', { message: 'a <b> & c' }],
  [
    'a bad character reference',
    '<testcase><failure>red &#x1b;[31m</failure></testcase>',
    { message: 'red &#x1b;[31m' },
  ],
  ['a stray end of CDATA', '<testcase><failure>a[b[0]]>c</failure></testcase>', { message: 'a[b[0]]>c' }],
  ['a control character', '<testcase><failure>a\x1b[31mb\x00</failure></testcase>', { message: 'a[31mb' }],
  ['a leading ./', '<testcase file="./test/a.rb"/>', { file: 'test/a.rb' }],
  ['a thousands separator', '<testcase time="1,234,567.5"/>', { runTime: 1_234_567.5 }],
  ['a decimal comma', '<testcase time="0,25"/>', { runTime: 0.25 }],
  ['a negative time', '<testcase time="-3"/>', { runTime: 0 }],
  ['a time in words', '<testcase time="long"/>', { runTime: 0 }],
  ['a name space', '<x:testcase xmlns:x="urn:x" name="n"><x:failure/></x:testcase>', { name: 'n', result: 'failure' }],
])('reads %s', async (_, xml, expected) => {
  expect(await readCase(xml)).toMatchObject(expected)
})

test('the file comes from the nearest place that names one', async () => {
  const { tests } = await read(
    '<testsuites><testsuite filepath="p"><testcase/><testsuite file="./s"><testcase/><testcase file="t"/>',
    '<testsuite><testcase/></testsuite></testsuite><testcase/></testsuite><testsuite><testcase/></testsuite></testsuites>',
  )
  expect(tests.map((found) => found.file)).toEqual(['p', 's', 't', 's', 'p', undefined])
})

test('finds every case of nested suites, and keeps equal ones apart (242)', async () => {
  const { tests } = await read(
    '<testsuites><testsuites><testsuite name="a"><testsuite name="b"><testcase name="x"/><testcase name="x"/>',
    '</testsuite><testcase name="y"/></testsuite></testsuites></testsuites>',
  )
  expect(tests.map(({ classname, name }) => `${classname}.${name}`)).toEqual(['b.x', 'b.x', 'a.y'])
})

test.each<[string, Buffer]>([
  ['UTF-8 with a mark', Buffer.from('\ufeff<testsuite><testcase name="é€"/></testsuite>')],
  [
    'UTF-16 LE',
    Buffer.from('\ufeff<?xml version="1.0" encoding="UTF-16"?><testsuite><testcase name="é€"/></testsuite>', 'utf16le'),
  ],
  ['UTF-16 LE without a mark', Buffer.from('<testsuite><testcase name="é€"/></testsuite>', 'utf16le')],
  [
    'UTF-8 that says UTF-16',
    Buffer.from('<?xml version="1.0" encoding="utf-16"?><testsuite><testcase name="é€"/></testsuite>'),
  ],
  [
    'windows-1252',
    Buffer.concat([
      Buffer.from('<?xml version="1.0" encoding="windows-1252"?><testsuite><testcase name="'),
      Buffer.from([0xe9, 0x80]),
      Buffer.from('"/></testsuite>'),
    ]),
  ],
  ['leading empty lines', Buffer.from('\n\n  <?xml version="1.0"?><testsuite><testcase name="é€"/></testsuite>')],
])('decodes %s, byte by byte', async (_, bytes) => {
  const { outcome, tests } = await read(...Array.from(bytes, (byte) => Buffer.from([byte])))
  expect(outcome).toEqual({ ok: true, tests: 1 })
  expect(tests[0]?.name).toBe('é€')
})

test.each<[string, string, RegExp]>([
  ['another root', '<html/>', /root element is <html>/],
  ['nothing', '', /must contain a root/],
  ['no XML', 'hello', /text data outside/],
  ['an unclosed tag', '<testsuite><testcase/>', /unclosed tag: testsuite/],
  ['an unknown entity', '<testsuite><testcase name="&nbsp;"/></testsuite>', /undefined entity/],
  [
    'an external entity',
    '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&x;"/></testsuite>',
    /declares entities/,
  ],
  ['an entity bomb', '<!DOCTYPE t [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><testsuite/>', /declares entities/],
  ['an unknown encoding', '<?xml version="1.0" encoding="klingon-1"?><testsuite/>', /klingon-1/],
  ['endless nesting', '<testsuite>'.repeat(300), /nested more than 200/],
])('refuses %s with a reason', async (_, xml, message) => {
  const { outcome } = await read(xml)
  expect(outcome).toMatchObject({ ok: false, error: expect.stringMatching(message) })
})

test('a document type without entities is no offence', async () => {
  const { outcome } = await read('<!DOCTYPE testsuite SYSTEM "junit.dtd"><testsuite><testcase/></testsuite>')
  expect(outcome).toEqual({ ok: true, tests: 1 })
})

test('keeps the cases before the fault of a cut file', async () => {
  const { outcome, tests } = await read('<testsuite><testcase name="a"/><testcase name="b"/><testcase na')
  expect(outcome).toMatchObject({ ok: false, tests: 2 })
  expect(tests.map(({ name }) => name)).toEqual(['a', 'b'])
})

test('a giant message is clipped', async () => {
  const { tests } = await read(
    '<testsuite><testcase><failure>',
    ...Array(100).fill('x'.repeat(10_000)),
    '</failure></testcase></testsuite>',
  )
  expect(tests[0]?.message).toHaveLength('… (934464 more characters)'.length + 64 * 1024)
})

/** What is odd in each tool's dialect, and what must come out of it: names, classes, files, results, seconds. */
test.each<[string, string, Partial<TestResult>[]]>([
  [
    'pytest',
    '<testsuites><testsuite name="pytest" errors="0" hostname="h"><testcase classname="tests.test_a.TestA" name="test_x[1-&lt;a&gt;]" time="0.001"><skipped type="pytest.xfail" message="why"/></testcase></testsuite></testsuites>',
    [{ classname: 'tests.test_a.TestA', name: 'test_x[1-<a>]', result: 'skipped', message: 'why', runTime: 0.001 }],
  ],
  [
    'jest-junit',
    '<testsuites name="jest tests"><testsuite name="sum" file="src/sum.test.js"><properties><property name="p" value="v"/></properties><testcase classname="sum adds" name="sum adds" time="0.004"/></testsuite></testsuites>',
    [{ classname: 'sum adds', file: 'src/sum.test.js', result: 'success' }],
  ],
  [
    'mocha-junit-reporter',
    '<testsuites name="Mocha Tests"><testsuite name="Root Suite" file="/app/test/a.spec.js"/><testsuite name="a"><testcase name="a works" classname="works"><failure message="boom" type="AssertionError"><![CDATA[AssertionError: boom\n    at x (a.js:1:1)]]></failure></testcase></testsuite></testsuites>',
    [{ name: 'a works', result: 'failure', message: 'boom\nAssertionError: boom\n    at x (a.js:1:1)' }],
  ],
  [
    'surefire',
    '<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="com.x.ATest" time="1,002.5"><testcase name="works" classname="com.x.ATest" time="1,002.5"><rerunFailure message="first" type="X"><stackTrace>s</stackTrace></rerunFailure><system-out><![CDATA[<failure/>]]></system-out></testcase></testsuite>',
    [{ classname: 'com.x.ATest', result: 'success', runTime: 1002.5 }],
  ],
  [
    'gotestsum',
    '<testsuites tests="1"><testsuite name="example.org/m/p" timestamp="2026"><properties><property name="go.version" value="go1"></property></properties><testcase classname="p" name="TestA/sub" time="0.000000"><failure message="Failed" type="">    a_test.go:7: no\n</failure></testcase></testsuite></testsuites>',
    [{ classname: 'p', name: 'TestA/sub', result: 'failure', message: 'Failed\na_test.go:7: no' }],
  ],
  [
    'rspec_junit_formatter',
    '<testsuite name="rspec"><properties><property name="seed" value="1"/></properties><testcase classname="spec.a_spec" name="A works" file="./spec/a_spec.rb" time="0.1"></testcase></testsuite>',
    [{ classname: 'spec.a_spec', file: 'spec/a_spec.rb' }],
  ],
  [
    'phpunit',
    '<testsuites><testsuite name="all"><testsuite name="ATest" file="/app/tests/ATest.php"><testsuite name="ATest::testX"><testcase name="testX with data set #0" class="ATest" classname="ATest" line="9"><error type="E">E: x</error></testcase></testsuite></testsuite></testsuite></testsuites>',
    [{ name: 'testX with data set #0', file: '/app/tests/ATest.php', result: 'error', message: 'E: x' }],
  ],
  [
    'nunit, by its JUnit transform',
    '<testsuites><testsuite name="A.dll"><testsuite name="A.Fixture"><testcase name="Works(1,&quot;x&quot;)" classname="A.Fixture" assertions="1" time="0,05" status="Passed"/></testsuite></testsuite></testsuites>',
    [{ name: 'Works(1,"x")', classname: 'A.Fixture', runTime: 0.05 }],
  ],
])('reads the dialect of %s', async (_, xml, expected) => {
  const { outcome, tests } = await read('<?xml version="1.0" encoding="UTF-8"?>\n', xml)
  expect(outcome).toEqual({ ok: true, tests: expected.length })
  expect(tests).toMatchObject(expected)
})
