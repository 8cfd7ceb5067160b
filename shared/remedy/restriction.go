package remedy

import (
	"strings"
	"time"

	"rekey/shared/fault"
)

// Restriction types of application management policies that concern a plan.
const (
	RestrictKeyLifetime      = "asymmetricKeyLifetime"
	RestrictTrustedAuthority = "trustedCertificateAuthority" // certificates have to come from a named authority
	RestrictPasswordAddition = "passwordAddition"
	restrictionStateDisabled = "disabled"
)

// Restriction is one restriction of an application management policy.
type Restriction struct {
	Type         string    `json:"restrictionType"`
	State        string    `json:"state,omitempty"`
	MaxLifetime  string    `json:"maxLifetime,omitempty"`                        // ISO 8601 duration
	CreatedAfter time.Time `json:"restrictForAppsCreatedAfterDateTime,omitzero"` // applies to applications made since
}

// Restrictions are what the tenant's policy and the application's own allow for credentials of the application. A nil
// Restrictions was not read.
type Restrictions struct {
	Policy string        `json:"policy"` // its name, for people
	Items  []Restriction `json:"restrictions"`
}

// Find returns the restriction of a type that applies to an application made at a time; zero is unknown, and then it
// applies.
func (r *Restrictions) Find(kind string, created time.Time) (Restriction, bool) {
	if r == nil {
		return Restriction{}, false
	}
	for _, x := range r.Items {
		old := !created.IsZero() && created.Before(x.CreatedAfter)
		if strings.EqualFold(x.Type, kind) && !strings.EqualFold(x.State, restrictionStateDisabled) && !old {
			return x, true
		}
	}
	return Restriction{}, false
}

// Lengths of the units of a duration: the careful reading of months and years, because shorter is never refused.
const (
	dayLength       = 24 * time.Hour
	monthLength     = 30 * dayLength
	yearLength      = 365 * dayLength
	maxLength       = 100 * yearLength
	maxDurationText = 64
	maxCount        = 100_000
)

// ParseDuration reads an ISO 8601 duration like P4DT12H30M5S, as application management policies write maxLifetime. A
// month counts 30 days and a year 365. Fractions and negative durations are refused as fault.Poison.
func ParseDuration(s string) (time.Duration, error) {
	bad := func() (time.Duration, error) {
		return 0, fault.Errorf(fault.Poison, "reading duration %.40q: an ISO 8601 duration like P90D is expected", s)
	}
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || len(s) > maxDurationText {
		return bad()
	}
	units, sum, seen := "YMWD", time.Duration(0), false
	for rest != "" {
		if rest[0] == 'T' && units != timeUnits {
			if units, rest = timeUnits, rest[1:]; rest == "" {
				return bad()
			}
			continue
		}
		n, tail, ok := number(rest)
		if !ok || tail == "" {
			return bad()
		}
		unit, ok := length(units, tail[0])
		if !ok || time.Duration(n) > maxLength/unit {
			return bad()
		}
		sum, rest, seen = sum+time.Duration(n)*unit, tail[1:], true
		if sum > maxLength {
			return bad()
		}
	}
	if !seen {
		return bad()
	}
	return sum, nil
}

const timeUnits = "HMS"

// number reads leading digits.
func number(s string) (n int, rest string, ok bool) {
	i := 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if n = n*10 + int(s[i]-'0'); n > maxCount {
			return 0, "", false
		}
	}
	return n, s[i:], i > 0
}

func length(units string, letter byte) (time.Duration, bool) {
	if strings.IndexByte(units, letter) < 0 {
		return 0, false
	}
	if units == timeUnits {
		return map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}[letter], true
	}
	return map[byte]time.Duration{'Y': yearLength, 'M': monthLength, 'W': 7 * dayLength, 'D': dayLength}[letter], true
}
