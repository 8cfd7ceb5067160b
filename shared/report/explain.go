package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rekey/shared/detect"
	"rekey/shared/score"
)

// Explanation is a detection in words.
type Explanation struct {
	What     string // what happened: who, when, from where, to what
	Novel    string // what of it is new, and against how many days; empty for findings of others
	Cause    string // the likeliest bad cause
	Harmless string // what would make it harmless
	Next     []Step

	news []string
}

// Step is something to do next.
type Step struct {
	Text     string   `json:"text"`
	Commands []string `json:"commands,omitempty"` // to paste as they are
}

// Explain puts a detection into words.
func Explain(d detect.Detection) Explanation {
	cause, harmless := causeOf(d)
	n := news(d)
	told := n
	if len(told) == 0 {
		told = unusual(d)
	}
	return Explanation{What: what(d), Novel: novel(d, n), news: told, Cause: cause, Harmless: harmless, Next: next(d)}
}

// labels are the words for the names of contributions.
var labels = map[string]string{
	"address": "address", "prefix": "network", "asn": "network", "hosting": "kind of network", "country": "country",
	"activityPrefix": "network of its calls", "activityASN": "network of its calls", "resource": "target resource",
	"agentFamily": "client", "agent": "client version", "library": "authentication library",
	"credentialType": "credential type", "credentialClass": "credential type", "credentialKey": "credential",
	"hourBlock": "time of day", "silence": "after a silence", "volume": "number of sign-ins", "resourceBurst": "burst of new resources",
	"freshCredential": "freshly added credential", "failuresBefore": "failures before", "knownNetworkActive": "known network still active",
	"tokenElsewhere": "token used elsewhere", "sharedAddress": "others new at this address",
	"addressTriedMany": "address tried many applications",
}

// Label returns the words for a contribution's name; a name without words stands for itself.
func Label(contribution string) string { return cmp.Or(labels[contribution], plain(contribution)) }

// properties are the contributions that say "new for this principal", in the order in which people ask.
var properties = []string{
	"asn", "prefix", "activityASN", "activityPrefix", "address", "hosting", "country", "agentFamily", "agent", "library",
	"resource", "credentialType", "credentialClass", "credentialKey", "hourBlock",
}

// News lists what is new for the principal, in words; where a rule found something, it is the rule's title, and where
// nothing is new, what is unusual.
func (x Explanation) News() string { return and(x.news) }

// unusual lists what a detection was charged for.
func unusual(d detect.Detection) []string {
	var out []string
	for _, c := range d.Contributions {
		out = append(out, Label(c.Name))
	}
	return out
}

func news(d detect.Detection) []string {
	if r, ok := ruled(d); ok {
		return []string{r.title}
	}
	var out []string
	for _, p := range properties {
		if has(d, p) && !slices.Contains(out, Label(p)) {
			out = append(out, Label(p))
		}
	}
	return out
}

// novel says what is new for the principal.
func novel(d detect.Detection, news []string) string {
	if _, ok := ruled(d); ok || len(news) == 0 {
		return ""
	}
	against := ""
	if d.ActiveDays > 0 {
		against = fmt.Sprintf(", against %s of activity before", plural(d.ActiveDays, "day", "days"))
	}
	return fmt.Sprintf("New for this principal%s: %s.", against, and(news))
}

// what says what happened in one sentence.
func what(d detect.Detection) string {
	who, when := fmt.Sprintf("%q", name(d.Principal)), span(d.First, d.Last)
	switch {
	case d.Source != detect.SourceRekey && d.Source != "":
		return fmt.Sprintf("Microsoft (%s) reported the risk %q about %s, %s.", plain(d.Source), plain(d.Type), who, when)
	case d.Statement != "":
		return fmt.Sprintf("%s, %s%s.", begin(plain(d.Statement)), when, from(d))
	case d.Type == detect.TypeAnomalousActivity:
		return fmt.Sprintf("A token of %s was used%s, %s%s.", who, times(d), when, from(d))
	}
	return fmt.Sprintf("Somebody signed in as %s%s, %s%s%s%s.", who, times(d), when, from(d), to(d), with(d))
}

// begin makes a sentence's first letter a capital.
func begin(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// kind is a detection's risk type and, where a rule found it, the rule.
func kind(d detect.Detection) string {
	if d.Rule == "" || d.Source != detect.SourceRekey {
		return plain(d.Type)
	}
	return plain(d.Type + " (" + d.Rule + ")")
}

func times(d detect.Detection) string {
	switch n := len(d.Records); {
	case n == detect.MaxRecords:
		return fmt.Sprintf(" %d times or more", n)
	case n > 1:
		return fmt.Sprintf(" %d times", n)
	}
	return ""
}

// span words a stretch of time.
func span(first, last time.Time) string {
	first, last = first.UTC(), last.UTC()
	const minute, day = "15:04", "2 January 2006"
	switch {
	case first.Format(minute+day) == last.Format(minute+day):
		return fmt.Sprintf("on %s at %s UTC", first.Format(day), first.Format(minute))
	case first.Format(day) == last.Format(day):
		return fmt.Sprintf("on %s from %s to %s UTC", first.Format(day), first.Format(minute), last.Format(minute))
	}
	return fmt.Sprintf("from %s, %s UTC to %s, %s UTC", first.Format(day), first.Format(minute), last.Format(day), last.Format(minute))
}

// from names the network, by the first record that knows it.
func from(d detect.Detection) string {
	i := slices.IndexFunc(d.Records, func(r detect.Record) bool { return r.IPAddress != "" })
	if i < 0 {
		return ""
	}
	r := d.Records[i]
	details := []string{plain(r.IPAddress)}
	for _, s := range []string{r.Country, r.Hosting} {
		if s != "" {
			details = append(details, plain(s))
		}
	}
	network := "an unknown network"
	if r.ASN != 0 {
		network = strings.TrimSpace(fmt.Sprintf("AS%d %s", r.ASN, plain(r.Network)))
	}
	return fmt.Sprintf(", from %s (%s)", network, strings.Join(details, ", "))
}

func to(d detect.Detection) string {
	resources := distinct(d, func(r detect.Record) string { return r.Resource })
	for _, u := range d.Resources {
		if u := plain(u.Resource); !slices.Contains(resources, u) {
			resources = append(resources, u)
		}
	}
	if len(resources) == 0 {
		return ""
	}
	return ", for " + and(few(resources))
}

func with(d detect.Detection) string {
	agents := distinct(d, func(r detect.Record) string { return short(r.UserAgent, 80) })
	if len(agents) == 0 {
		return ""
	}
	return ", with " + and(few(agents))
}

// few keeps three and counts the others.
func few(words []string) []string {
	if len(words) <= 3 {
		return words
	}
	return append(slices.Clone(words[:3]), fmt.Sprintf("%d more", len(words)-3))
}

// distinct returns the texts of the records, each once, in order.
func distinct(d detect.Detection, of func(detect.Record) string) []string {
	var out []string
	for _, r := range d.Records {
		if s := plain(of(r)); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func has(d detect.Detection, names ...string) bool {
	return slices.ContainsFunc(d.Contributions, func(c score.Contribution) bool { return slices.Contains(names, c.Name) })
}

// Tenths returns a score in tenths of a bit.
func Tenths(bits float64) int { return int(math.Round(bits * 10)) }

// Shares returns the contributions in tenths of a bit, rounded so that they add up to the rounded score: whoever adds
// them up on paper must not be left with a doubt. The largest remainders are rounded up.
func Shares(d detect.Detection) []int {
	out := make([]int, len(d.Contributions))
	order := make([]int, len(out))
	missing := Tenths(d.Bits)
	for i, c := range d.Contributions {
		out[i], order[i] = int(math.Floor(c.Bits*10)), i
		missing -= out[i]
	}
	remainder := func(i int) float64 { return d.Contributions[i].Bits*10 - math.Floor(d.Contributions[i].Bits*10) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainder(b), remainder(a)) })
	for _, i := range order {
		if missing > 0 {
			out[i]++
			missing--
		}
	}
	return out
}
