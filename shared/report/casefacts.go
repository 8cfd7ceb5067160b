package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rekey/shared/casefile"
)

// directory writes what Graph said when the case was made.
func (p *printer) directory(d *casefile.Directory) {
	p.title("What Graph says")
	if d == nil {
		p.raw("  Graph was not asked, or does not know it any more.")
		return
	}
	if facts := plainAll(slices.DeleteFunc([]string{d.Type, behind("owned by tenant ", d.OwnerTenant), behind("verified publisher ", d.Publisher), gallery(d)}, empty)); len(facts) > 0 {
		p.wrapped("  ", strings.Join(facts, ", "))
	}
	for _, k := range d.Credentials {
		p.wrapped("  ", fmt.Sprintf("%s %s on the %s%s%s", plain(k.Kind), plain(k.KeyID), plain(k.Object), valid(k), keep(k)))
	}
	for _, x := range d.Permissions {
		p.wrapped("  ", fmt.Sprintf("holds %s (%s)", plain(x.Name), x.Tier))
	}
	if len(d.Owners) > 0 {
		p.wrapped("  ", "owners: "+strings.Join(plainAll(d.Owners), ", "))
	}
	if len(d.RedirectURIs) > 0 {
		p.wrapped("  ", "redirect URIs: "+strings.Join(plainAll(d.RedirectURIs), ", "))
	}
	if len(d.Partly) > 0 {
		p.wrapped("  ", "not read: "+and(plainAll(d.Partly)))
	}
}

func empty(s string) bool { return s == "" }

func behind(label, s string) string {
	if s == "" {
		return ""
	}
	return label + s
}

func gallery(d *casefile.Directory) string {
	if d.Gallery {
		return "made from the gallery"
	}
	return ""
}

func valid(k casefile.Credential) string {
	switch {
	case k.Start.IsZero() && k.End.IsZero():
		return ""
	case k.End.IsZero():
		return ", from " + k.Start.UTC().Format(time.DateOnly)
	}
	return ", from " + k.Start.UTC().Format(time.DateOnly) + " to " + k.End.UTC().Format(time.DateOnly)
}

func keep(k casefile.Credential) string {
	if k.Keep {
		return ", signs or encrypts tokens and opens no door"
	}
	return ""
}

// owner writes what the owner was asked, and his answer.
func (p *printer) owner(c casefile.Case) {
	p.title("What the owner says")
	q := c.Owner
	switch {
	case q == nil:
		p.wrapped("  ", "Nobody was asked: rekey case ask "+plain(c.ID)+" --to WHOM")
		return
	case q.Answer == "":
		p.wrapped("  ", fmt.Sprintf("%s was asked by %s on %s UTC and has until %s to answer: rekey case answer %s ours|notOurs --by WHO", plain(q.To), plain(q.AskedBy), minute(q.Asked), minute(q.Deadline), plain(c.ID)))
		if q.Late(c.Updated) {
			p.raw("  The answer is overdue: act as if it had been no.")
		}
		return
	}
	p.wrapped("  ", fmt.Sprintf("%s said %q on %s UTC%s", plain(q.By), plain(q.Answer), minute(q.Answered), behind(": ", plain(q.Note))))
}

// Question writes what an owner is asked: the text to send, and how to keep his answer.
func Question(w io.Writer, q casefile.Inquiry) error {
	_, err := fmt.Fprintf(w, "Send this to %s:\n\n%s\n\nAn answer is expected until %s UTC. Keep it with:\n  rekey case answer %s ours|notOurs --by WHO\n",
		plain(q.To), visible(q.Question), minute(q.Deadline), plain(q.Case))
	return err
}

// maxLook bounds the records that a command names: a longer one is read by nobody.
const maxLook = 12

// look writes commands that find the records behind the case, in files and in Log Analytics.
func (p *printer) look(c casefile.Case) {
	p.title("Records to look at")
	var records []string
	add := func(id string) {
		if id = plain(id); id != "" && !isHash(id) && !slices.Contains(records, id) && len(records) < maxLook {
			records = append(records, id)
		}
	}
	for _, d := range toldDetections(c).Detections {
		for _, r := range d.Records {
			add(r.ID)
		}
	}
	for _, a := range c.Answers {
		for _, id := range a.Records {
			add(id)
		}
	}
	if len(records) > 0 {
		words := make([]string, len(records))
		for i, id := range records {
			words[i] = "-e " + shell(id)
		}
		p.raw("  zgrep -h -F %s FILES", strings.Join(words, " "))
	}
	for l := range strings.SplitSeq(caseQuery(c), "\n") {
		p.raw("  %s", l)
	}
}

// caseQuery finds everything the principal did, and what was done to it, since the case's window began.
func caseQuery(c casefile.Case) string {
	var has []string
	for _, id := range []string{c.Principal.ObjectID, c.Principal.AppID} {
		if id != "" {
			has = append(has, "* has "+kql(id))
		}
	}
	if len(has) == 0 {
		has = append(has, "* has "+kql(name(c.Principal)))
	}
	return strings.Join([]string{
		"union isfuzzy=true AADServicePrincipalSignInLogs, AADManagedIdentitySignInLogs, AuditLogs, AZKVAuditLogs, AzureDiagnostics, MicrosoftGraphActivityLogs, AzureActivity",
		fmt.Sprintf("| where TimeGenerated between (datetime(%s) .. datetime(%s))", around(c.Window.From, 0), around(c.Window.To, 2*time.Hour)),
		"| where " + strings.Join(has, " or "),
		"| order by TimeGenerated asc",
	}, "\n")
}
