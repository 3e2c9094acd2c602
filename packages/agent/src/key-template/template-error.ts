/** Says why a template cannot be parsed or evaluated; turned into a value at the folder's edge. */
export class TemplateError extends Error {}
