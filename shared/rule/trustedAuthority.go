package rule

import (
	"cmp"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// trustedAuthority looks at the authorities that an application's certificates must come from, and at the old list of
// those for people, which is a property of the company. Microsoft names no activity for the first.
var trustedAuthority = &Rule{
	ID: "trustedAuthority", Title: "Trusted certificate authorities of applications or of the company changed",
	RiskType: TypeAnomalous, Techniques: []string{"T1556", "T1553.004"},
	Event: "AuditLogs: any activity, target or property whose name has CertificateBasedApplicationConfiguration, TrustedCertificateAuthorit or TrustedCAs",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"The company's certificate authority is renewed."},
	Ask:            []string{"Whose is the authority now?", "Which applications got a certificate of it since?"},
	Match: func(e *event.Event, _ *World) []Finding {
		if !made(e) || !namesAuthorities(e) {
			return nil
		}
		name := cmp.Or(audit.Target(e.Audit, 0).Name, e.Audit.Activity)
		return one(tenant(e), medium, name, "the trusted certificate authorities %q were changed (%s)", name, e.Audit.Activity)
	},
}

func namesAuthorities(e *event.Event) bool {
	names := []string{e.Audit.Activity}
	for _, t := range e.Audit.Targets {
		names = append(names, t.Type)
		for _, p := range t.Properties {
			names = append(names, p.Name)
		}
	}
	all := strings.ToLower(strings.Join(names, "\n"))
	for _, s := range []string{"certificatebasedapplicationconfiguration", "trustedcertificateauthorit", "trustedcas"} {
		if strings.Contains(all, s) {
			return true
		}
	}
	return false
}
