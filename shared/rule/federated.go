package rule

import (
	"net/url"
	"slices"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/score"
)

// federatedChange is a federated credential that is new or changed, and whose it is. Such a credential has no activity
// of its own.
type federatedChange struct {
	of event.Principal
	audit.FederatedChange
	unread bool // the list could not be read
}

func federatedChanges(e *event.Event, w *World) []federatedChange {
	if !updated(e) {
		return nil
	}
	var out []federatedChange
	for _, p := range properties(e, w, "FederatedIdentityCredentials") {
		before, _ := audit.FederatedCredentials(p.Old)
		after, ok := audit.FederatedCredentials(p.New)
		if !ok {
			out = append(out, federatedChange{of: p.of, unread: true})
		}
		for _, c := range audit.ChangedFederated(before, after) {
			out = append(out, federatedChange{of: p.of, FederatedChange: c})
		}
	}
	return out
}

func (c federatedChange) issuerChanged() bool {
	return c.Old != nil && issuer(c.Old.Issuer) != issuer(c.New.Issuer)
}

// issuer is an issuer without what does not count.
func issuer(s string) string {
	s = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s), "/"))
	return strings.TrimPrefix(s, "https://")
}

// issuers are hosts whose tokens many workloads use: a build service or a cluster.
var issuers = []string{
	"token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io", "accounts.google.com", "vstoken.dev.azure.com", "agent.buildkite.com",
	"oidc.circleci.com", "login.microsoftonline.com", "sts.windows.net", // the last two: see entra
}

// entra are the hosts at which every Entra tenant is an issuer, by the first part of the path.
var entra = []string{"login.microsoftonline.com", "sts.windows.net"}

// knownIssuer reports whether an issuer is a usual one or declared. Clusters have addresses at their cloud. Of Entra, only the
// tenant itself is: whoever runs another one makes the tokens himself.
func knownIssuer(s string, w *World) bool {
	u, err := url.Parse("https://" + issuer(s))
	switch {
	case slices.Contains(w.Issuers, issuer(s)):
		return true
	case err != nil:
		return false
	}
	if tenant, ok := entraTenant(u); ok && w.Tenant != "" {
		return tenant == w.Tenant
	}
	host := u.Hostname()
	return slices.Contains(issuers, host) ||
		strings.HasSuffix(host, ".oic.prod-aks.azure.com") || strings.HasPrefix(host, "oidc.eks.") && strings.HasSuffix(host, ".amazonaws.com")
}

// entraTenant returns which Entra tenant an issuer is.
func entraTenant(u *url.URL) (tenant string, ok bool) {
	tenant, _, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	return tenant, slices.Contains(entra, u.Hostname())
}

// undeclaredIssuer reports whether the tenant says which issuers are its own, and this usual one is none. Everybody can get
// tokens of it. Whose a GitHub repository is, is told by federatedRepository.
func undeclaredIssuer(s string, w *World) bool {
	if u, err := url.Parse("https://" + issuer(s)); err == nil {
		if tenant, ok := entraTenant(u); ok && tenant == w.Tenant {
			return false
		}
	}
	return len(w.Issuers) > 0 && !slices.Contains(w.Issuers, issuer(s)) && issuer(s) != github
}

const github = "token.actions.githubusercontent.com"

// repository returns the GitHub repository whose workflows a credential trusts; empty for another issuer.
func repository(f audit.Federated) string {
	if issuer(f.Issuer) != github {
		return ""
	}
	text := f.Subject
	if f.Claims != "" {
		text = f.Claims
	}
	_, r, ok := strings.Cut(text, "repo:")
	if !ok {
		return "?"
	}
	if i := strings.IndexAny(r, ":'\" "); i >= 0 {
		r = r[:i]
	}
	return strings.ToLower(r)
}

// tooWide reports whether more than one branch, environment or service account fits a credential, and why.
func tooWide(f audit.Federated) string {
	switch {
	case strings.Contains(f.Claims, "*") || strings.Contains(f.Claims, "?"):
		return "its expression has a wildcard: " + f.Claims
	case strings.Contains(f.Subject, "*"):
		return "its subject has a wildcard: " + f.Subject
	case strings.HasSuffix(f.Subject, ":pull_request"):
		return "anybody who can open a pull request gets its token"
	case f.Subject == "" && f.Claims == "":
		return "it names no subject"
	}
	return ""
}

// onFederated makes a Match that looks at each federated credential that is new or changed.
func onFederated(judge func(c federatedChange, w *World) (score.Level, string)) func(*event.Event, *World) []Finding {
	return func(e *event.Event, w *World) []Finding {
		var out []Finding
		for _, c := range federatedChanges(e, w) {
			if level, what := judge(c, w); level != none {
				out = append(out, Finding{Principal: c.of, Level: level, Subject: c.New.Name + " " + issuer(c.New.Issuer), What: what})
			}
		}
		return out
	}
}
