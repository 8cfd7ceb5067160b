package report_test

import (
	"strings"
	"testing"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/report"
	"rekey/shared/score"
)

func changed(rule, statement string) detect.Detection {
	return detect.Detection{
		ID: "c1", Type: detect.TypeAnomalousActivity, Rule: rule, Statement: statement, Principal: event.Principal{AppID: "app1", Name: "billing"},
		Level: score.LevelMedium, Source: detect.SourceRekey, First: at, Last: at, Contributions: []score.Contribution{}, KeyIDs: []string{},
		Records: []detect.Record{{ID: "Directory_1", Time: at, IPAddress: "203.0.113.7"}},
	}
}

// aUser is a finding about a user.
func aUser() detect.Detection {
	d := changed("userEnumeration", "listed the tenant")
	d.Type, d.Principal = "suspiciousAPITraffic", event.User("u1")
	return d
}

func TestAFindingOfARuleIsToldInTheRulesWords(t *testing.T) {
	tests := map[string]struct {
		detection detect.Detection
		want      []string // in what, cause, harmless and next
	}{
		"a directory change": {
			changed("ownerAdded", `"billing" got the owner mallory@contoso.com, by anna@contoso.com`),
			[]string{"got the owner mallory@contoso.com", "Owner added", "A team gets a new member.", "Did he add a credential since?", "AuditLogs"},
		},
		"what a principal read": {changed("secretFirstRead", "read kv1/secrets/db for the first time"), []string{"Read kv1/secrets/db", "AZKVAuditLogs"}},
		"sign-ins that failed":  {changed("credentialRefused", "a credential was refused as wrong"), []string{"A credential is not accepted", "nobody got in by these"}},
		"a user":                {aUser(), []string{"Rekey changes no users", "MicrosoftGraphActivityLogs", `* has "u1"`}},
		"a rule of tomorrow":    {changed("notYetKnown", "did something"), []string{"Did something", "notYetKnown"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x := report.Explain(tt.detection)
			all := x.What + x.Cause + x.Harmless
			for _, s := range x.Next {
				all += s.Text + strings.Join(s.Commands, "\n")
			}
			for _, want := range tt.want {
				if !strings.Contains(all, want) {
					t.Errorf("%q is not in:\n%s", want, all)
				}
			}
		})
	}
	var b strings.Builder
	if err := report.HTML(&b, report.Report{Detections: []detect.Detection{changed("ownerAdded", `<script>"x"`)}}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script>\"x") || strings.Contains(b.String(), "(failed)") {
		t.Error("a name was not escaped, or a change is said to have failed")
	}
}

func TestWhatARuleFoundIsNamedInTheOverviewAndHasNoScore(t *testing.T) {
	r := report.Report{Detections: []detect.Detection{changed("ownerAdded", "got an owner")}}
	var page, text strings.Builder
	if err := report.HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	if err := report.Text(&text, r, report.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "<td>Owner added to an application or service principal</td>") || strings.Contains(page.String(), ">0.0<") {
		t.Error("the page's overview does not name the rule, or shows a score of nothing")
	}
	if !strings.Contains(text.String(), "by a rule") || strings.Contains(text.String(), "0.0 bits") {
		t.Errorf("the text's overview shows a score of nothing:\n%s", text.String())
	}
}

func TestWhatIsAdvisedForAUserOrAFailureDisablesNothing(t *testing.T) {
	for name, d := range map[string]detect.Detection{"a user": aUser(), "a failure": changed("credentialRefused", "a credential was refused as wrong")} {
		for _, s := range report.Explain(d).Next {
			if all := s.Text + strings.Join(s.Commands, " "); strings.Contains(all, "accountEnabled") || strings.Contains(all, "confirmCompromised") || strings.Contains(all, "user:") {
				t.Errorf("%s: %s", name, all)
			}
		}
	}
}
