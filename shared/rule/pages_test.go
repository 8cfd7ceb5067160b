package rule_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rekey/shared/conduct"
	"rekey/shared/exposure"
	"rekey/shared/pattern"
	"rekey/shared/posture"
	"rekey/shared/rule"
	"rekey/shared/streams"
)

const pages = "../../docs/detections"

// made stands at the top of every page that is made from the rules.
const made = "<!-- Made from shared/rule by `go test ./shared/rule -update`. Change the rule, not this page. -->\n\n"

func TestEveryRuleHasItsPage(t *testing.T) {
	if *update {
		if err := os.MkdirAll(pages, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"README.md", "beyond.md"}
	for _, r := range rule.Catalogue {
		want = append(want, r.ID+".md")
		same(t, filepath.Join(pages, r.ID+".md"), page(r))
	}
	same(t, filepath.Join(pages, "README.md"), table())
	files, _ := filepath.Glob(filepath.Join(pages, "*.md"))
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(body), made) && !slices.Contains(want, filepath.Base(f)) {
			t.Errorf("%s is the page of a rule that is not there any more", f)
		}
	}
}

func page(r *rule.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# %s\n\n`%s`\n\n| | |\n|---|---|\n", made, r.Title, r.ID)
	for _, row := range [][2]string{
		{"Risk event type", cmp.Or(r.RiskType, "Microsoft's own")}, {"Level", r.Levels}, {"Log event", r.Event}, {"Shape of the record", shape(r.Shape)},
		{"MITRE ATT&CK", strings.Join(r.Techniques, ", ")}, {"Public detections", cmp.Or(strings.Join(r.Covers, ", "), "none of the 95 looks at this")},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], cell(row[1]))
	}
	fmt.Fprintf(&b, "\n## Harmless if\n\n%s\n## Ask next\n\n%s", list(r.FalsePositives), list(r.Ask))
	fmt.Fprintf(&b, "\nCases with the records: [testdata/%s](../../shared/rule/testdata/%s).\n", r.ID, r.ID)
	return b.String()
}

func shape(s rule.Shape) string {
	return string(s) + map[rule.Shape]string{
		rule.Recorded: ": a public record has the fields", rule.Documented: ": described by Microsoft, not seen in a public record",
		rule.Guessed: ": other people's rules read the fields, no public record has them; never high",
	}[s]
}

func cell(s string) string { return strings.NewReplacer("|", "\\|", "*", "\\*", "_", "\\_").Replace(s) }

func list(items []string) string {
	var b strings.Builder
	for _, s := range items {
		fmt.Fprintf(&b, "* %s\n", cell(s))
	}
	return b.String()
}

func table() string {
	var b strings.Builder
	b.WriteString(made + `# Detections

What single records show: directory changes, operations of Azure and Microsoft's own findings. Unfamiliar sign-ins are found by the model of
` + "`shared/score`" + `, which needs no rules. A level is one step lower when a declared deployer acted and one step higher when
the actor is in a case himself; what Rekey does is in its ledger.

| rule | what it finds | level | shape | public detections |
|---|---|---|---|---|
`)
	for _, r := range rule.Catalogue {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s | %s |\n", r.ID, r.ID, cell(r.Title), cell(r.Levels), r.Shape, strings.Join(r.Covers, " "))
	}
	b.WriteString(`
What a principal reads (Key Vault, Graph, Azure) is compared with its days before, by ` + "`shared/exposure`" + `:

| rule | what it finds | level | public detections |
|---|---|---|---|
`)
	for _, r := range exposure.Catalogue {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s |\n", r.ID, r.ID, cell(r.Title), cell(r.Levels), strings.Join(r.Covers, " "))
	}
	b.WriteString(`
What the model of sign-ins does not ask (failed sign-ins, and what only many days show), by ` + "`shared/conduct`" + `:

| rule | what it finds | level | public detections |
|---|---|---|---|
`)
	for _, r := range conduct.Catalogue {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s |\n", r.ID, r.ID, cell(r.Title), cell(r.Levels), strings.Join(r.Covers, " "))
	}
	b.WriteString(`
What no single record shows, but several together, or an actor's history, is found by ` + "`shared/pattern`" + ` when a case is built:

| rule | what it finds | level | public detections |
|---|---|---|---|
`)
	for _, r := range pattern.Catalogue {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s |\n", r.ID, r.ID, cell(r.Title), cell(r.Levels), strings.Join(r.Covers, " "))
	}
	b.WriteString(`
What there is (credentials, privileges, addresses, strangers, owners) is looked at once a week, by ` + "`shared/posture`" + `. It
opens no case: it is listed, and a case that is open for another reason shows it.

| rule | what it finds | level | public detections |
|---|---|---|---|
`)
	for _, r := range posture.Catalogue {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s |\n", r.ID, r.ID, cell(r.Title), cell(r.Levels), strings.Join(r.Covers, " "))
	}
	b.WriteString("\nThat a log does not arrive any more is told by [streamSilent](streamSilent.md), of `shared/streams`.\n" +
		"\nWhose credential a compromised principal read is told by [credentialReadByAnother](credentialReadByAnother.md), of `shared/rotate`.\n")
	b.WriteString("\nWhat goes [beyond the public rules](beyond.md) has a table of its own.\n")
	b.WriteString("\n## All 95 public detections\n\nSome 325 public rules of 20 repositories look for 95 different things.\n\n| id | covered by | not covered by a rule |\n|---|---|---|\n")
	for _, id := range merged {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", id, coveredBy(id), leftOut(id))
	}
	return b.String()
}

// known is a rule of any catalogue.
type known struct {
	id     string
	covers []string
	cases  string // the file with its cases, seen from docs/detections
}

// everyRule is every rule that has a page, whatever it looks at.
func everyRule() []known {
	var out []known
	for _, r := range rule.Catalogue {
		out = append(out, known{r.ID, r.Covers, "../../shared/rule/testdata/" + r.ID})
	}
	for _, r := range exposure.Catalogue {
		out = append(out, known{r.ID, r.Covers, "../../shared/exposure/rules_test.go"})
	}
	for _, r := range conduct.Catalogue {
		out = append(out, known{r.ID, r.Covers, "../../shared/conduct/rules_test.go"})
	}
	for _, r := range pattern.Catalogue {
		out = append(out, known{r.ID, r.Covers, "../../shared/pattern/cases_test.go"})
	}
	for _, r := range posture.Catalogue {
		out = append(out, known{r.ID, r.Covers, "../../shared/posture/testdata/" + r.ID})
	}
	return append(out, known{streams.Rule.ID, nil, "../../shared/streams/streams_test.go"})
}

func coveredBy(id string) string {
	var links []string
	for _, r := range everyRule() {
		if slices.Contains(r.covers, id) {
			links = append(links, fmt.Sprintf("[%s](%s.md)", r.id, r.id))
		}
	}
	return strings.Join(links, ", ")
}

func leftOut(id string) string {
	for _, l := range rule.Elsewhere {
		if l.ID == id {
			return cell(fmt.Sprintf("%s: %s (%s)", l.Title, l.Reason, l.Why))
		}
	}
	return ""
}
