import { graphlib, layout } from '@dagrejs/dagre'

/** The two names of the layout library that we use, in one place. */
export const Graph = graphlib.Graph
export { layout }
