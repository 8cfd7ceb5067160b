package arm

// For the tests of package arm_test.
var (
	Audience = audience
	Matches  = matches
	Safe     = safe
	Escape   = escape
)
