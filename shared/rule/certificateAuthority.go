package rule

import (
	"cmp"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// certificateAuthority looks at the authorities whose certificates people sign in with: who adds his own makes himself a
// certificate for any of them, which counts as two factors.
var certificateAuthority = &Rule{
	ID: "certificateAuthority", Title: "Certificate authority trusted for sign-in",
	RiskType: TypeAnomalous, Techniques: []string{"T1556", "T1649"},
	Event: "AuditLogs: \"Create CertificateAuthorityEntity\", \"Update CertificateAuthorityEntity\", \"Restore CertificateAuthorityEntity\", the same of PublicKeyInfrastructure, \"Add CertificateBasedAuthConfiguration\", \"Update CertificateBasedAuthConfiguration\"; those that delete",
	Shape: Documented, Levels: "high; low when one is deleted",
	FalsePositives: []string{"The company's certificate authority is renewed, or smart cards are introduced."},
	Ask:            []string{"Whose is the authority, and who holds its key?", "Does certificate sign-in count as several factors (authentication methods policy)?", "Who signed in with a certificate since, above all administrators?"},
	Match: func(e *event.Event, _ *World) []Finding {
		verb, ok := aboutAuthorities(e)
		if !ok {
			return nil
		}
		name := cmp.Or(audit.Target(e.Audit, 0).Name, "without a name")
		if strings.Contains(verb, "delete") {
			return one(tenant(e), low, name, "a certificate authority that people sign in with was deleted: %q (%s)", name, e.Audit.Activity)
		}
		return one(tenant(e), high, name, "the certificate authorities that people sign in with were changed: %q (%s)", name, e.Audit.Activity)
	},
}

// aboutAuthorities reports whether an activity is about the tenant's certificate authorities, and its verb. Microsoft's
// list has several spellings of one thing.
func aboutAuthorities(e *event.Event) (verb string, ok bool) {
	if !made(e) {
		return "", false
	}
	a := strings.ToLower(e.Audit.Activity)
	i := strings.LastIndexByte(a, ' ')
	if i < 0 {
		return "", false
	}
	switch a[i+1:] {
	case "certificateauthorityentity", "publickeyinfrastructure", "certificatebasedauthconfiguration", "certificationbasedauthconfiguration", "certbasedauthconfiguration":
		return a[:i], !strings.HasPrefix(a, "get ")
	}
	return "", false
}
