package rule

import (
	"cmp"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
)

// domainFederated looks at who vouches for the people of a domain: whoever has the signing key of its federation signs in
// as any of them, also as those who administer applications, and no second factor stops him.
var domainFederated = &Rule{
	ID: "domainFederated", Title: "Federation of a domain set or changed",
	RiskType: TypeAnomalous, Techniques: []string{"T1484.002", "T1606.002"},
	Event: "AuditLogs: \"Set federation settings on domain\" (issuer, addresses, signing certificates); \"Set domain authentication\" or another domain activity with LiveType from Managed to Federated",
	Shape: Documented, Levels: "high; low when a domain is not federated any more",
	FalsePositives: []string{"AD FS or another identity provider is introduced, or renews its signing certificate (about once a year).", "A domain goes back to managed sign-in."},
	Ask:            []string{"Whose are the issuer and the signing certificates now (Graph: domains/{id}/federationConfiguration)?", "Was a second signing certificate added beside the old one?", "Who signed in through it since?"},
	Match: func(e *event.Event, _ *World) []Finding {
		if !changed(e, "Set federation settings on domain", "Set domain authentication", "Add unverified domain", "Add verified domain", "Verify domain", "Update domain") {
			return nil
		}
		name := domain(e)
		p, _ := audit.Property(e.Audit, "LiveType")
		was, is := federates(p.Old), federates(p.New)
		switch {
		case audit.Is(e.Audit, "Set federation settings on domain"):
			return one(tenant(e), high, name, "the federation of the domain %q was set or changed%s", name, settings(e))
		case is && !was:
			return one(tenant(e), high, name, "the domain %q is federated now: somebody else vouches for its people", name)
		case was && !is:
			return one(tenant(e), low, name, "the domain %q is not federated any more", name)
		case audit.Is(e.Audit, "Set domain authentication") && p.Name == "":
			return one(tenant(e), high, name, "the domain %q signs people in in another way; the record does not say in which", name)
		}
		return nil
	},
}

func federates(value string) bool { return strings.Contains(strings.ToLower(value), "federated") }

// domain names the domain that a record is about; its target often has no id.
func domain(e *event.Event) string {
	return cmp.Or(audit.Target(e.Audit, 0).Name, audit.Value(e.Audit, "Name"), "without a name")
}

// settings names the properties that a record says were changed.
func settings(e *event.Event) string {
	var out []string
	for _, t := range e.Audit.Targets {
		for _, p := range t.Properties {
			if p.Name != "Included Updated Properties" {
				out = append(out, p.Name)
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + few(out)
}
