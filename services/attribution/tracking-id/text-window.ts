/** How long after a conversation's start links outside of a text count: someone who comes by a link sends it at once. */
export const defaultTextWindowMs = 600_000
