// A text that does not follow its format; the message names the part and the rule, never a value.
export class Malformed extends Error {}
