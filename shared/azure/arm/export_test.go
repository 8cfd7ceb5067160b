package arm

// Audience is for the tests of package arm_test.
var Audience = audience
