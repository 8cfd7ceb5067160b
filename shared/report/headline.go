package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/privilege"
	"rekey/shared/score"
	"rekey/shared/streams"
	"rekey/shared/trail"
)

// Headline is a case in five sentences.
type Headline struct {
	Who   string `json:"who"`   // level, name and ids
	Since string `json:"since"` // when it began, and when it was last seen
	Cause string `json:"likelyCause"`
	Blast string `json:"blastRadius"` // what was taken and changed, as far as it is known
	Next  string `json:"next"`
}

// Headlines puts a case into five sentences.
func Headlines(c casefile.Case) Headline {
	return Headline{
		Who:   strings.ToUpper(string(c.Level)) + " " + whoIs(c),
		Since: since(c), Cause: caseCause(c), Blast: blast(c), Next: act(c),
	}
}

func whoIs(c casefile.Case) string {
	s := Subject{Principal: c.Principal}
	if of := ids(&s); of != "" {
		return fmt.Sprintf("%q (%s)", s.Name(), of)
	}
	return fmt.Sprintf("%q", s.Name())
}

// headline writes the five lines. They are not broken: whoever copies one has all of it.
func (p *printer) headline(h Headline, c casefile.Case) {
	p.raw("%s %s", p.level(c.Level), p.bold(whoIs(c)))
	for _, l := range []struct{ label, text string }{{"Since", h.Since}, {"Cause", h.Cause}, {"Blast", h.Blast}, {"Next", h.Next}} {
		p.raw("%-6s %s", l.label, l.text)
	}
}

// lead is how long before the first suspicious event a case's window begins.
const lead = 24 * time.Hour

func since(c casefile.Case) string {
	out := minute(c.Window.From.Add(lead)) + " UTC, last seen " + minute(c.Window.To)
	switch seen := c.OldSource.LastSeen; {
	case !c.OldSource.Active:
	case seen.Before(c.Window.From.Add(lead)):
		out += "; its own network was at work until " + minute(seen)
	default:
		out += "; its own network was still at work at " + minute(seen) + ", so the workload did not move"
	}
	return fmt.Sprintf("%s; %s, case %s", out, plural(len(c.Detections), "detection", "detections"), plain(c.ID))
}

// ruleCause is what the rules whose ids begin in one of some ways usually mean together.
type ruleCause struct {
	rules []string
	cause string
	next  string
}

// ruleCauses are looked through in this order.
var ruleCauses = []ruleCause{
	{
		[]string{"powerUsed", "directoryRoleByApplication", "appRoleBySelf", "appRoleByApplication"},
		"The principal has the power to give out power, and used it: whoever holds it may be an administrator by now.",
		"Disable it now, take back the roles and permissions that it gave out, then ask whoever gave it the power.",
	},
	{
		[]string{"consent", "grantFor", "nameLikeMicrosoft", "principalForeign", "foreignPowerful"},
		"Somebody was talked into consent: the application is not what it seems, or may do more than was understood.",
		"Take the consent back (its enterprise application, Permissions), disable the principal, and ask who consented what he saw.",
	},
	{
		[]string{"conditionalAccess", "namedLocation", "managementPolicy", "domain", "trustedAuthority", "certificateAuthority", "accessElevated", "elevateAccess", "propertyLock"},
		"What guards the tenant was weakened: somebody prepares a way that nobody sees.",
		"Restore the policy or domain as it was, then look at who changed it.",
	},
	{
		[]string{"diagnostics", "watcher", "streamSilent", "rekey", "credentialOnRekey"},
		"Somebody blinds or hinders whoever watches: what happens now is seen by nobody.",
		"Restore the log or the setting, then read what happened in the dark in Entra itself.",
	},
	{
		[]string{"redirect", "identifierURI", "logoutURL", "address"},
		"Codes and tokens of people who sign in can be caught at an address that somebody else controls.",
		"Remove the address from the application, and end the sessions of those who signed in since.",
	},
	{
		[]string{"credential", "federated", "owner", "dormant", "enabledBy", "accountEnabled", "changeByGuest", "changedBySuspect", "firstTime", "shortLife", "powerfulGotWayIn", "syncAccount"},
		"Somebody who may change the application gave himself a way in: a credential, an owner or trust of his own. Whoever did it is a suspect, too.",
		"Ask who made the change; if he does not know of it, disable the principal, remove every credential that was added, and look at him.",
	},
	{
		[]string{"appRole", "directoryRole", "role", "mailRole", "permissions", "grantAfter", "privilege", "power"},
		"The application was given power that it did not have: to be used later.",
		"Take the permission or role back, and ask whoever gave it.",
	},
	{
		[]string{"vault", "secret", "resourceKeys", "azurePower", "graph", "unfamiliarThen"},
		"The principal reads or uses what it never did before: somebody collects what opens other doors.",
		"Disable the principal, replace its credentials, then rotate what it read.",
	},
	{
		[]string{"builds", "many", "userBy", "passwordBy", "methodBy", "groupBy"},
		"The principal makes other ways in: accounts, applications or members that stay when it is cleaned.",
		"Disable the principal, then undo what it made: the list of its changes is below.",
	},
}

// strongestOf is the detection that says most. Among equals a suspicious sign-in comes before what rules found, because
// it tells how the principal is used; then what several records show comes before what one does.
func strongestOf(c casefile.Case) (detect.Detection, bool) {
	ds := toldDetections(c).Detections
	if len(ds) == 0 {
		return detect.Detection{}, false
	}
	if i := slices.IndexFunc(ds, func(d detect.Detection) bool { return d.Rule == "" && d.Level.AtLeast(score.LevelMedium) }); i >= 0 && (ds[i].Level == ds[0].Level || strings.HasPrefix(ds[0].Rule, "unfamiliar")) {
		return ds[i], true
	}
	best := ds[0]
	for _, d := range ds[1:] {
		if d.Level == best.Level && best.Rule != "" && d.Rule != "" && climbs(d) && !climbs(best) {
			best = d
		}
	}
	return best, true
}

// climbs reports whether a rule found that power was used to get more.
func climbs(d detect.Detection) bool { return slices.Contains(ruleCauses[0].rules, d.Rule) }

func causeOfRule(d detect.Detection) (ruleCause, bool) {
	if _, ok := ruled(d); !ok {
		return ruleCause{}, false
	}
	for _, r := range ruleCauses {
		if slices.ContainsFunc(r.rules, func(prefix string) bool { return strings.HasPrefix(d.Rule, prefix) }) {
			return r, true
		}
	}
	return ruleCause{}, false
}

func caseCause(c casefile.Case) string {
	d, ok := strongestOf(c)
	if !ok {
		return "Nothing is held against it any more."
	}
	cause, _ := causeOf(d)
	if r, ok := causeOfRule(d); ok {
		cause = r.cause
	}
	if has(d, "sharedAddress", "addressTriedMany") {
		cause = shared(c, cause)
	}
	if by := preparedBy(c); by != "" {
		cause += " It was prepared by " + by + "."
	}
	return cause
}

// shared words the cause of one address that several principals are used from. Where one of them changed another, the second
// was not stolen with the first: it was made.
func shared(c casefile.Case, cause string) string {
	doors := slices.DeleteFunc(slices.Clone(c.Writes), func(e trail.Entry) bool { return !e.Act.OpensDoors() })
	if len(doors) == 0 {
		return cause
	}
	return "A credential of it was copied and is used from elsewhere; with it the intruder made himself a way into others" + on(doors) + ", and uses them from the same place."
}

// preparedBy names whoever made a suspicious change to the principal.
func preparedBy(c casefile.Case) string {
	var out []string
	person := ""
	for _, l := range preparers(c) {
		who := cmp.Or(plain(l.Name), plain(l.Key))
		if l.Case != "" {
			who += " (case " + plain(l.Case) + ")"
		}
		if strings.HasPrefix(l.Key, "user:") {
			person = ", or by whoever has such an account"
		}
		out = append(out, who)
	}
	if len(out) == 0 {
		return ""
	}
	return and(few(out)) + person
}

// blast says what was taken and changed. What is not known is said, too: it is no comfort.
func blast(c casefile.Case) string {
	var out []string
	suspect := slices.DeleteFunc(slices.Clone(c.Exposed), func(e casefile.Exposed) bool { return !e.Suspect })
	if n := len(suspect); n > 0 {
		out = append(out, atLeast(c.MoreExposed)+plural(n, "secret or key was read from where the intruder is", "secrets and keys were read from where the intruder is")+objects(suspect))
	} else if n := len(c.Exposed); n > 0 && answered(c, "secretsRead") == casefile.Yes {
		out = append(out, atLeast(c.MoreExposed)+plural(n, "secret or key was read", "secrets and keys were read")+objects(c.Exposed))
	} else if n > 0 {
		out = append(out, "it reads "+plural(n, "secret or key", "secrets and keys")+" as its work"+objects(c.Exposed)+", which its credential opens")
	} else if answered(c, "secretsRead") == casefile.Unknown {
		out = append(out, "whether it read secrets is not known")
	}
	doors := slices.DeleteFunc(slices.Clone(c.Writes), func(e trail.Entry) bool { return !e.Act.OpensDoors() })
	switch {
	case len(doors) > 0:
		out = append(out, atLeast(c.MoreWrites)+plural(len(doors), "change opens another door", "changes open other doors")+on(doors))
	case answered(c, "persistence") == casefile.Unknown:
		out = append(out, "whether it opened other doors is not known")
	}
	if power := given(c); len(power) > 0 {
		out = append(out, "it was given "+and(few(power)))
	}
	switch answered(c, "enumeration") {
	case casefile.Yes:
		out = append(out, "it listed the tenant, or read mail or files")
	case casefile.Unknown:
		out = append(out, "whether it read mail, files or the directory is not known")
	}
	if to := unseen(c); len(to) > 0 {
		out = append(out, "it got tokens for "+and(few(to))+": what was done there is in no log that Rekey reads")
	}
	if t := c.Directory.Strongest(); t.High() {
		out = append(out, "it may do what leads to everything (tier 0)")
	}
	if c.Users >= 1 {
		out = append(out, fmt.Sprintf("about %.0f people a day sign in to it", c.Users))
	}
	if len(out) == 0 {
		return "Nothing was read, changed or listed, as far as the logs show."
	}
	return begin(strings.Join(out, "; ")) + "."
}

// seen are the resources whose logs are read.
var seen = []string{"Microsoft Graph", "Azure Key Vault", "Windows Azure Service Management API", "Azure Resource Manager"}

// unseen are the resources that suspicious sign-ins asked tokens for and whose logs nobody reads.
func unseen(c casefile.Case) []string {
	var out []string
	for _, d := range c.Detections {
		if d.Rule != "" || !own(d) {
			continue
		}
		for _, r := range d.Records {
			if name := plain(r.Resource); name != "" && r.Succeeded && !slices.Contains(seen, name) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// objects names what was read.
func objects(xs []casefile.Exposed) string {
	var names []string
	for _, x := range xs {
		if n := plain(x.Object); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return " (" + and(few(names)) + ")"
}

// given lists the permissions and roles of the control and management plane that it got since the window began.
func given(c casefile.Case) []string {
	var out []string
	for _, e := range c.Prepared {
		if (e.Tier == privilege.Tier0 || e.Tier == privilege.Tier1) && e.What != "" && !slices.Contains(out, plain(e.What)+reaches(e)) {
			out = append(out, plain(e.What)+reaches(e))
		}
	}
	return out
}

// everybodys are what application permissions of Graph reach, by how their names begin (Microsoft Graph permissions reference):
// without a scope that is set elsewhere, everybody's.
var everybodys = []struct{ begin, what string }{
	{"Mail", "every mailbox"}, {"Calendars", "every calendar"}, {"Contacts", "everybody's contacts"}, {"Chat", "everybody's chats"},
	{"Files", "every file"}, {"Sites", "every site"}, {"User", "every account"}, {"Group", "every group"},
}

// reaches says what an application permission is about.
func reaches(e trail.Entry) string {
	if e.Act != trail.AppRoleGranted {
		return ""
	}
	for _, x := range everybodys {
		if strings.HasPrefix(e.What, x.begin) {
			return " (" + x.what + ")"
		}
	}
	return ""
}

func atLeast(more bool) string {
	if more {
		return "at least "
	}
	return ""
}

// on names what the changes were made on.
func on(es []trail.Entry) string {
	var names []string
	for _, e := range es {
		if n := cmp.Or(plain(e.TargetName), plain(e.Target)); n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + and(few(names)) + ")"
}

func answered(c casefile.Case, id string) string {
	for _, a := range c.Answers {
		if a.ID == id {
			return a.Value
		}
	}
	return ""
}

// act is the one thing to do next.
func act(c casefile.Case) string {
	d, _ := strongestOf(c)
	rule, isRule := causeOfRule(d)
	said := c.Owner != nil && c.Owner.Answer != ""
	switch {
	case said && c.Owner.Answer == casefile.Ours && c.Level != score.LevelHigh:
		return "Nothing tonight: its owner said that it was his own work."
	case c.Level == score.LevelLow || c.Level == score.LevelNone:
		return "Nothing tonight: look at the records at the end in the morning, and ask its owner where they do not explain themselves."
	case isRule:
		return rule.next + stopFirst(c)
	case c.Level == score.LevelHigh || said:
		return "Disable it (az ad sp update --id " + shell(cmp.Or(c.Principal.ObjectID, c.Principal.AppID)) + " --set accountEnabled=false), replace every credential of the application and of its service principals, then rotate what it read." + stopFirst(c)
	}
	return "Ask its owner now; disable it if he does not know of it, or does not answer."
}

// stopFirst names those who could undo it all.
func stopFirst(c casefile.Case) string {
	var users, others []string
	for _, l := range preparers(c) {
		switch name := cmp.Or(plain(l.Name), plain(l.Key)); {
		case strings.HasPrefix(l.Key, "user:"):
			users = append(users, name)
		case l.Case != "":
			others = append(others, name)
		}
	}
	out := ""
	if len(users) > 0 {
		out += " Call " + and(few(users)) + " on a way that an intruder does not read, and end those sessions: whoever has such an account can do it again."
	}
	if len(others) > 0 {
		out += " Change the locks of " + and(few(others)) + " first: it can do it again."
	}
	return out
}

// toKnow says what would answer a question that is open.
func toKnow(missing string) string {
	if do, ok := toKnows[missing]; ok {
		return do
	}
	return "The log " + plain(missing) + " has to reach Rekey."
}

var toKnows = map[string]string{
	streams.SignIns: "The sign-ins of service principals are missing. Entra, Monitoring, Diagnostic settings: send ServicePrincipalSignInLogs to Rekey's event hub; until then look in Entra, Sign-in logs, Service principal sign-ins.",
	streams.Audit:   "The directory's audit log is missing for a part of the time. Entra, Monitoring, Diagnostic settings: send AuditLogs; until then look in Entra, Audit logs, for this application since the window began.",
	streams.Vaults:  "The vaults' audit logs are missing. Each key vault, Diagnostic settings: send AuditEvent; until then ask the vaults' owners what this principal may read, and count it as read.",
	streams.Graph:   "Graph activity is missing. Entra, Monitoring, Diagnostic settings: send MicrosoftGraphActivityLogs (it needs P1 or P2). It cannot be had for the time before: judge by what its permissions allow.",
	streams.Azure:   "Azure activity is missing. Each subscription, Activity log, Export: send Administrative; until then look in the activity log of the subscriptions that it has a role in.",

	casefile.MissingLook:      "Everything the directory has was not looked at yet: the respond app does so once a week (REKEY_POSTURE_EVERY). Look up the hosts of its redirect URIs by hand: nslookup HOST.",
	casefile.MissingGraph:     "Graph was not asked, or not for this. Look at the application and its enterprise application in Entra: Certificates and secrets, Permissions, Owners, Branding.",
	casefile.MissingDeployers: "Nobody is declared as a deployer: name those whose work it is to change applications in REKEY_DEPLOYERS. Until then ask whoever made the change.",
	casefile.MissingHistory:   "Too little is known of its sign-ins: it is young, or its history was never learned (rekey learn). Compare with what its owner expects.",
	casefile.MissingUse:       "Which of its calls need a permission is in no log. Its owner can say; a permission that nobody can explain is taken away.",
}
