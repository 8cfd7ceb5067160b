package score

import (
	"fmt"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// because words a contribution for the person who has to believe it.
func because(what string, days int, honest float64, v baseline.View, foreign bool) string {
	seen := fmt.Sprintf("seen on none of %d active days", v.ActiveDays())
	if days > 0 {
		seen = fmt.Sprintf("first seen lately, on %d of %d active days", days, v.ActiveDays())
	}
	if foreign {
		seen += ", and hardly anywhere else in the tenant"
	}
	return fmt.Sprintf("%s; this principal shows a new %s about once in %s", seen, what, often(honest))
}

func often(p float64) string {
	days := 1 / p
	if days < 1.5 {
		return "a day"
	}
	return fmt.Sprintf("%.0f days", days)
}

// shown returns the value of a property in the words of the log.
func shown(p baseline.Property, e *event.Event) string {
	switch p {
	case baseline.Resource:
		if e.SignIn.ResourceName != "" {
			return e.SignIn.ResourceName
		}
		return e.SignIn.ResourceID
	case baseline.AgentFamily, baseline.Agent:
		return e.SignIn.UserAgent
	case baseline.Library:
		return e.SignIn.ClientLibrary
	case baseline.CredentialType:
		return e.SignIn.CredentialType
	case baseline.CredentialClass:
		if e.SignIn.CredentialKeyID == "" {
			return "federated credential"
		}
		return "key of the application's own"
	case baseline.CredentialKey:
		return e.SignIn.CredentialKeyID
	case baseline.HourBlock:
		h := e.Time.UTC().Hour() / 3 * 3
		return fmt.Sprintf("%02d:00-%02d:00 UTC", h, h+3)
	}
	return ""
}
