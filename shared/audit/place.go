package audit

import "encoding/json"

// Place is a named location of Conditional Access.
type Place struct {
	Trusted   bool
	Ranges    []string // addresses in CIDR form
	Countries []string
}

// ReadPlace reads a value that holds a named location as Graph has it, and false when it holds none. No public record
// says what its property is called, so a reader asks every property of a record about a named location.
func ReadPlace(value string) (Place, bool) {
	var x struct {
		IsTrusted           *bool
		IPRanges            []struct{ CIDRAddress string }
		CountriesAndRegions []string
	}
	if json.Unmarshal([]byte(value), &x) != nil || x.IsTrusted == nil && x.IPRanges == nil && x.CountriesAndRegions == nil {
		return Place{}, false
	}
	out := Place{Trusted: x.IsTrusted != nil && *x.IsTrusted, Countries: lower(x.CountriesAndRegions)}
	for _, r := range x.IPRanges {
		out.Ranges = append(out.Ranges, lower([]string{r.CIDRAddress})...)
	}
	return out, true
}
