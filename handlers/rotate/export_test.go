package rotate

// LookEvery is how old facts may be.
const LookEvery = lookEvery
