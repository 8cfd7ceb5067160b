package scan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/casefile"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// secretAdded is the record of a secret on the application of a workload; it names the application and not its principal.
func secretAdded(at time.Time, record string, workload int, initiator, key string) string {
	return fmt.Sprintf(`{"time":%q,"category":"AuditLogs","tenantId":%q,"properties":{"id":%q,"result":"success","activityDateTime":%q,`+
		`"activityDisplayName":"Update application – Certificates and secrets management ","initiatedBy":{%s},`+
		`"targetResources":[{"id":%q,"displayName":"workload-%d","type":"Application","modifiedProperties":[{"displayName":"KeyDescription","oldValue":"[]",`+
		`"newValue":"[\"[KeyIdentifier=%s,KeyType=Password,KeyUsage=Verify,DisplayName=x]\"]"}]}],"additionalDetails":[{"key":"AppId","value":%q}]}}`,
		at.Format(time.RFC3339), tenantID, record, at.Format(time.RFC3339), initiator, id(6, workload), workload, key, id(2, workload))
}

// secretRead is a vault's record of what a workload read.
func secretRead(at time.Time, workload int, vault, name string) string {
	return fmt.Sprintf(`{"category":"AuditEvent","time":%q,"operationName":"SecretGet","resultType":"Success","callerIpAddress":"203.0.113.9",`+
		`"resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/%s","identity":{"claim":{"oid":%q,"appid":%q,"appidacr":"1"}},`+
		`"properties":{"httpStatusCode":200,"id":"https://%s.vault.azure.net/secrets/%s/0123456789abcdef0123456789abcdef"}}`,
		at.Format(time.RFC3339), vault, id(3, workload), id(2, workload), vault, name)
}

// story is history, and what the intruder did: somebody prepared his way, he reads a vault and plants a credential with
// another application.
func story() []string {
	attack := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	out := history()
	for day := 1; day < 15; day++ {
		out = append(out, secretRead(attack.AddDate(0, 0, -day), 2, "own", "db"))
	}
	return append(out,
		secretAdded(attack.Add(-2*time.Hour), "audit-prepared", 2, `"user":{"id":"u1","userPrincipalName":"anna@contoso.com"}`, id(4, 77)),
		secretRead(attack.Add(5*time.Minute), 2, "payroll", "smtp"),
		secretAdded(attack.Add(9*time.Minute), "audit-planted", 4, fmt.Sprintf(`"app":{"servicePrincipalId":%q,"displayName":"workload-2"}`, id(3, 2)), id(4, 88)),
		secretAdded(attack.Add(11*time.Minute), "audit-planted-too", 9, fmt.Sprintf(`"app":{"appId":%q,"displayName":"workload-2"}`, id(2, 2)), id(4, 99)),
	)
}

// casesOf scans and returns the cases, and what the report says.
func casesOf(t *testing.T, args ...string) (cases []casefile.Case, lines, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cases")
	o := run(t, "", append([]string{"--summary", "none", "--cases", path}, args...)...)
	if o.error != nil {
		t.Fatal(o.error)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(b)) {
		cases = append(cases, decode[casefile.Case](t, l))
	}
	return cases, string(b), o.out
}

func TestAScanBuildsACaseOfTheWholeStory(t *testing.T) {
	cases, _, text := casesOf(t, write(t, "logs", strings.Join(story(), "\n")))
	if len(cases) == 0 || cases[0].Principal.ObjectID != id(3, 2) || cases[0].Level != score.LevelHigh || cases[0].Principal.AppID != id(2, 2) {
		t.Fatalf("%d cases, the first is %+v", len(cases), cases)
	}
	c := cases[0]
	got := map[string]string{}
	for _, a := range c.Answers {
		got[a.ID] = a.Value
		if (a.Value == casefile.Unknown) != (a.Missing != "") {
			t.Errorf("%+v", a)
		}
	}
	for question, want := range map[string]string{
		"unrecognizedAddress": "yes", "unusualResources": "yes", "persistence": "yes", "secretsRead": "yes", "connectionStrings": "unknown", "highPrivilege": "unknown",
	} {
		if got[question] != want {
			t.Errorf("%s: %s, want %s", question, got[question], want)
		}
	}
	written := func(es []trail.Entry) (out []string) {
		for _, e := range es {
			out = append(out, fmt.Sprint(e.Act, " ", e.Record, " on ", e.Target, " by ", e.ActorName))
		}
		return out
	}
	if diff := cmp.Diff([]string{ // by its principal, and by its application alone; on what is known as a principal, and what is not
		"credentialAdded audit-planted on " + id(3, 4) + " by workload-2", "credentialAdded audit-planted-too on app:" + id(2, 9) + " by workload-2",
	}, written(c.Writes)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"credentialAdded audit-prepared on " + id(3, 2) + " by anna@contoso.com"}, written(c.Prepared)); diff != "" {
		t.Error(diff)
	}
	if len(c.Exposed) == 0 || c.Exposed[0].Object != "payroll/secrets/smtp" {
		t.Errorf("exposed: %+v", c.Exposed)
	}
	for _, want := range []string{"What a defender asks, case " + c.ID, "2 secrets and keys were read", "audit-planted", "changedBySuspect", "unfamiliarThen"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

func TestWhatASuspectChangedIsACaseThatLeadsToHim(t *testing.T) {
	cases, _, _ := casesOf(t, write(t, "logs", strings.Join(story(), "\n")))
	i := slices.IndexFunc(cases, func(c casefile.Case) bool { return c.Principal.ObjectID == id(3, 4) })
	if i < 0 {
		t.Fatal("the application that got a credential has no case")
	}
	found := slices.ContainsFunc(cases[i].Linked, func(l casefile.Link) bool {
		return l.Key == id(3, 2) && l.Case == cases[0].ID && l.Level == score.LevelHigh
	})
	back := slices.ContainsFunc(cases[0].Linked, func(l casefile.Link) bool { return l.Key == id(3, 4) && l.Case == cases[i].ID })
	if !found || !back {
		t.Errorf("links %+v and %+v", cases[i].Linked, cases[0].Linked)
	}
}

func TestAnApplicationAndItsPrincipalAreOneSubjectOfTheReport(t *testing.T) {
	for l := range strings.Lines(findings(t, "", write(t, "logs", strings.Join(story(), "\n")))) {
		d := decode[struct{ ServicePrincipalID, AppID, Rule string }](t, l)
		if d.ServicePrincipalID == "" && d.AppID != id(2, 9) {
			t.Errorf("%s is told of the application alone: %s", d.Rule, d.AppID)
		}
	}
}

func TestTheSameFilesInAnyOrderGiveTheSameCases(t *testing.T) {
	t.Setenv("REKEY_HASH_KEY", "AAECAwQFBgcICQoLDA0ODw==")
	lines := story()
	_, want, text := casesOf(t, write(t, "logs", strings.Join(lines, "\n")))
	mixed := jumbled(lines)
	var parts []string
	for part := range slices.Chunk(mixed, 1+len(mixed)/7) {
		parts = append(parts, write(t, fmt.Sprint("part", len(parts)), strings.Join(part, "\n")))
	}
	slices.Reverse(parts)
	for name, args := range map[string][]string{"twice and jumbled": {write(t, "jumbled", strings.Join(mixed, "\n"))}, "in seven files": parts} {
		_, got, other := casesOf(t, args...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: other cases\n%.3000s", name, diff)
		}
		if diff := cmp.Diff(text, other); diff != "" {
			t.Errorf("%s: another report\n%.3000s", name, diff)
		}
	}
}

func TestWhoeverChangesMuchIsNotSuspectForThat(t *testing.T) {
	lines := history()
	for workload := range 4 { // a pipeline that nobody declared does its work
		lines = append(lines, secretAdded(time.Date(2026, 11, 20, 9, workload, 0, 0, time.UTC), fmt.Sprint("audit-rotated", workload), workload, fmt.Sprintf(`"app":{"servicePrincipalId":%q,"displayName":"pipeline"}`, id(3, 50)), id(4, 60+workload)))
	}
	got := findings(t, "", write(t, "logs", strings.Join(lines, "\n")))
	if !strings.Contains(got, `"rule":"credentialsOnMany"`) || strings.Contains(got, `"rule":"changedBySuspect"`) {
		t.Errorf("what the pipeline did: %s", got)
	}
}

func TestTheSummarySaysWhichLogsAreMissing(t *testing.T) {
	o := run(t, "", write(t, "logs", strings.Join(story(), "\n")))
	for _, want := range []string{"complete  sign-ins of service principals", "missing  Graph activity", "partly  directory changes"} {
		if !strings.Contains(o.err, want) {
			t.Errorf("the summary lacks %q: %s", want, o.err)
		}
	}
}
