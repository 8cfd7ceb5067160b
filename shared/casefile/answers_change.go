package casefile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/trail"
)

// unauthorizedCredentials answers from who changed them: unauthorised is whoever is no declared deployer, or is one and in
// a case himself. Where nobody is declared, it takes more than a new name.
func unauthorizedCredentials(f *Facts, c *Case) finding {
	var x finding
	undeclared := ""
	for _, e := range c.Prepared {
		if !slices.Contains([]trail.Act{trail.CredentialAdded, trail.FederatedAdded, trail.CredentialRemoved, trail.FederatedRemoved}, e.Act) || f.World.Vouches(e.Actor) || f.World.IsRekey(e.Actor) {
			continue
		}
		if !f.declared() && !f.World.Suspected(e.Actor) {
			undeclared = more(undeclared, said(e))
			continue
		}
		x.value, x.why, x.records = Yes, more(x.why, said(e)), append(x.records, e.Record)
	}
	if y := found(c, "credentialByApplication", "credentialOnFirstParty", "credentialOnRekey", "changeByGuest", "syncAccount", "firstTimeActor", "changedBySuspect", "federatedAdded",
		"federatedWildcard", "federatedRepository", "federatedIssuerChanged", "dormantRevived"); y.value == Yes && (undeclared != "" || x.value == Yes) {
		x.value, x.why, x.records = Yes, more(x.why, y.why), append(x.records, y.records...)
	}
	if x.value == "" && undeclared != "" {
		return finding{value: Unknown, missing: MissingDeployers, why: "nobody is declared as a deployer (REKEY_DEPLOYERS); " + undeclared}
	}
	return x
}

// declared reports whether the tenant says who changes applications as his work.
func (f *Facts) declared() bool { return f.World != nil && len(f.World.Deployers) > 0 }

// said puts a change into words.
func said(e trail.Entry) string {
	return fmt.Sprintf("%s by %s at %s", Did(e), cmp.Or(e.ActorName, e.Actor), e.Time.Format("2006-01-02 15:04"))
}

// Did says what was changed, and for whom, without who did it: added credential secret 5d0e for "billing".
func Did(e trail.Entry) string {
	what := words[e.Act]
	if what == "" {
		what = string(e.Act)
	}
	detail, all := strings.CutPrefix(e.What, trail.ForAllUsers)
	for _, detail := range []string{detail, e.KeyID} {
		if detail != "" {
			what += " " + detail
		}
	}
	if e.TargetName != "" {
		what += fmt.Sprintf(" for %q", e.TargetName)
	}
	if all {
		what += " and all users"
	}
	return what
}

var words = map[trail.Act]string{
	trail.CredentialAdded: "added credential", trail.CredentialRemoved: "removed credential", trail.FederatedAdded: "added federated credential,",
	trail.FederatedRemoved: "removed federated credential,", trail.OwnerAdded: "added owner", trail.OwnerRemoved: "removed owner",
	trail.AppRoleGranted: "granted", trail.AppRoleRemoved: "took back", trail.DelegatedGranted: "granted delegated", trail.Consented: "consented to",
	trail.RoleGranted: "gave role", trail.RoleRemoved: "took role", trail.Created: "made", trail.Deleted: "deleted", trail.Restored: "restored",
	trail.Enabled: "enabled", trail.Disabled: "disabled", trail.Configured: "changed", trail.PermissionsAsked: "asked for permissions",
	trail.UserCreated: "made user", trail.PasswordReset: "reset password", trail.MethodChanged: "changed authentication method,",
	trail.GroupMemberAdded: "added to", trail.PolicyChanged: "changed policy,", trail.DomainChanged: "changed domain,",
	trail.AccessElevated: "took", trail.RiskStateChanged: "changed risk state,", trail.SomethingElse: "did",
}

// unused is for how many days a valid credential or permission must have been left alone to be more than required.
const unused = 60

// moreThanRequired answers from what Graph lists: valid but unused for 60 days, or more than one of a kind.
func moreThanRequired(f *Facts, c *Case) finding {
	if f.Directory == nil {
		return finding{value: Unknown, missing: MissingGraph, why: "Graph could not be asked"}
	}
	x := found(c, "credentialUnused", "credentialSurplus")
	count := map[string]int{}
	for _, k := range f.Directory.Credentials {
		if !k.valid(c.Updated) {
			continue
		}
		if k.Kind != "federated" {
			count[k.Object+" "+k.Kind]++
		}
		if f.leftAlone(k, c) {
			x.value, x.why = Yes, more(x.why, fmt.Sprintf("the %s %s is valid and was not used for %d days", k.Kind, k.KeyID, unused))
		}
	}
	for _, of := range sorted(count) {
		if n := count[of]; n > 1 {
			object, kind, _ := strings.Cut(of, " ")
			x.value, x.why = Yes, more(x.why, fmt.Sprintf("%d valid credentials of the kind %s on the %s", n, kind, object))
		}
	}
	if x.value == "" {
		x.why = fmt.Sprintf("%d credentials, none of a kind twice and none known to be unused", len(f.Directory.Credentials))
	}
	return x
}

// leftAlone reports whether a credential is known not to have been used for as long as counts. What is not known is not
// held against it: it must be older than that, and so must what is known of the principal, and its key must not have
// been seen.
func (f *Facts) leftAlone(k Credential, c *Case) bool {
	day := baseline.DayOf(c.Updated)
	if f.Profile == nil || k.KeyID == "" || k.Kind == "federated" || c.Updated.Sub(k.Start) < unused*lead {
		return false
	}
	v := f.Profile.Before(day + 1)
	return v.Age() >= unused && !v.Overflows(baseline.CredentialKey) && v.Seen(baseline.CredentialKey) > 0 &&
		v.DaysKnown(baseline.CredentialKey, f.Hasher.String(baseline.CredentialKey, k.KeyID)) == 0
}

func sorted(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func connectionStrings(f *Facts, c *Case) finding {
	x := found(c, "resourceKeysRead")
	for _, e := range c.Exposed {
		if strings.HasPrefix(e.Object, "/") {
			x.value, x.why = Yes, more(x.why, fmt.Sprintf("%s of %s from %s", e.Operations, e.Object, e.Network))
		}
	}
	return x
}

func unregisteredDomains(_ *Facts, c *Case) finding {
	return found(c, "redirectForeign", "redirectLookAlike", "redirectClaimable", "identifierURI", "addressWeak")
}

func unauthorizedRedirect(f *Facts, c *Case) finding {
	x := found(c, "redirectUnsafe", "redirectLookAlike", "redirectForeign", "redirectClaimable")
	for _, e := range c.Prepared {
		if e.Act == trail.Configured && strings.HasPrefix(e.What, trail.RedirectURI) && f.declared() && !f.World.Vouches(e.Actor) {
			x.value, x.why, x.records = Yes, more(x.why, said(e)), append(x.records, e.Record)
		}
	}
	return x
}

// redirectOwnership answers from the weekly sweep, which asks the DNS.
func redirectOwnership(f *Facts, c *Case) finding {
	x := found(c, "addressDangling", "redirectClaimable")
	if x.value == "" && f.Directory.lacks("redirectUris") {
		return finding{value: Unknown, missing: MissingGraph, why: "Graph could not be asked for its addresses"}
	}
	switch {
	case x.value == Yes:
	case len(f.Directory.RedirectURIs) == 0:
		x.why = "it has no redirect URIs"
	case f.Looked.IsZero():
		return finding{value: Unknown, missing: MissingLook, why: fmt.Sprintf("its %d redirect URIs were not looked up yet", len(f.Directory.RedirectURIs))}
	default:
		x.why = fmt.Sprintf("%d redirect URIs, and the check of %s found none that somebody else could claim", len(f.Directory.RedirectURIs), f.Looked.Format(time.DateOnly))
	}
	return x
}
