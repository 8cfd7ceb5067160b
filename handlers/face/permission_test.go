package face_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"rekey/shared/host/httpapi"
)

// What each call about remediations is, written out here apart from the code's own table: who may look, who may act, and
// what is a person's to decide.
const (
	looking = "listRemediations getRemediation getRemediationLedger getRotation getRemediationOrder"
	asking  = "requestRemediation undoRemediation stopRemediations"
	telling = "resumeRemediations approveRemediation rejectRemediation cancelRemediation approveRotationTier declineRotationTier resumeRotationTarget"
)

func TestEveryCallAboutRemediationsOpensForThoseWhoMayAndNobodyElse(t *testing.T) {
	w := newWorld(t)
	w.late = true
	w.ended()
	calls := map[string]struct{ method, path, body string }{}
	for _, r := range routes() {
		if r.About.Tag == "remediations" || r.About.Tag == "kill switch" {
			body := ""
			if r.Method == http.MethodPost {
				body = `{"reason":"x","note":"x"}`
				if r.Name != "stopRemediations" && r.Name != "resumeRemediations" {
					body = `{}`
				}
			}
			calls[r.Name] = struct{ method, path, body string }{r.Method, strings.Replace(r.Path, "{id}", "op-ended", 1), body}
		}
	}
	if n := len(strings.Fields(looking + " " + asking + " " + telling)); n != len(calls) {
		t.Errorf("%d calls are expected, and there are %d: %v", n, len(calls), calls)
	}
	const readScope, actScope = "IdentityRiskyServicePrincipal.Read.All", "Rekey.Remediation.ReadWrite.All"
	both := readScope + " " + actScope
	roles := func(c map[string]any, names ...string) map[string]any { c["roles"] = names; return c }
	all := looking + " " + asking + " " + telling
	for name, tt := range map[string]struct {
		claims map[string]any
		opens  string
	}{
		"an application without roles":                         {w.claims(), ""},
		"an application that reads principals":                 {w.claims(readScope), looking},
		"an application that reads events":                     {w.claims("IdentityRiskEvent.Read.All"), ""},
		"an application that decides about risk":               {w.claims("IdentityRiskyServicePrincipal.ReadWrite.All"), looking},
		"an application of the preview that reads":             {w.claims("IdentityRiskyUser.Read.All"), looking},
		"an application that acts":                             {w.claims(actScope), asking},
		"an application that acts and reads":                   {w.claims(actScope, readScope), looking + " " + asking},
		"an application that writes policies":                  {w.claims("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"), ""},
		"a Security Reader":                                    {w.user(ann, both, httpapi.SecurityReader), looking},
		"a Security Operator":                                  {w.user(ann, both, httpapi.SecurityOperator), looking},
		"a Global Reader":                                      {w.user(ann, both, httpapi.GlobalReader), looking},
		"a Security Administrator":                             {w.user(ann, both, httpapi.SecurityAdministrator), all},
		"a Global Administrator":                               {w.user(ann, both, httpapi.GlobalAdministrator), all},
		"a Conditional Access Administrator":                   {w.user(ann, both, httpapi.ConditionalAccessAdministrator), ""},
		"a Security Administrator through a client that reads": {w.user(ann, readScope, httpapi.SecurityAdministrator), looking},
		"a Security Administrator through any client":          {w.user(ann, "user_impersonation", httpapi.SecurityAdministrator), ""},
		"a member without a role":                              {w.user(ann, both), ""},
		"a member with the app role of who acts":               {roles(w.user(ann, both), actScope), asking + " " + telling},
	} {
		token := w.token(tt.claims)
		for call, c := range calls {
			a := w.do(token, c.method, c.path, c.body)
			opened := a.status != http.StatusForbidden
			if want := slices.Contains(strings.Fields(tt.opens), call); opened != want {
				t.Errorf("%s, %s: %d %s", name, call, a.status, a.raw)
			}
			if !opened && (a.text("error", "code") != "Authorization_RequestDenied" || a.text("error", "message") == "") {
				t.Errorf("%s, %s: the refusal says %s", name, call, a.raw)
			}
		}
	}
	for call, c := range calls {
		if a := w.do("none", c.method, c.path, c.body); a.status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", call, a.status)
		}
	}
}

func TestWhatAnApplicationMayNotDecideSaysWhoMay(t *testing.T) {
	w := newWorld(t)
	token := w.token(w.claims("Rekey.Remediation.ReadWrite.All", "IdentityRiskyServicePrincipal.Read.All"))
	path := w.ended()
	for call, body := range map[string]string{"/approve": `{"planHash":"x"}`, "/reject": `{"reason":"x"}`, "/cancel": `{"reason":"x"}`, "/undo": `{"apply":true}`, "/rotation/approve": `{"tier":1}`} {
		if a := w.do(token, "POST", path+call, body); a.status != http.StatusForbidden || !strings.Contains(a.raw, "a user has to decide") {
			t.Errorf("%s: %d %s", call, a.status, a.raw)
		}
	}
	if a := w.do(token, "POST", "/remediations/resume", `{"reason":"x"}`); a.status != http.StatusForbidden || !strings.Contains(a.raw, "a user has to decide") {
		t.Errorf("/remediations/resume: %d %s", a.status, a.raw)
	}
	if a := w.ordered(token, path+"/undo", `{}`); a.text("status") != "succeeded" {
		t.Errorf("it may not look: %s", a.raw)
	}
	if a := w.ordered(token, "/remediations", `{"servicePrincipalId":"sp1","mode":"approve","reason":"found by ours"}`); a.text("status") != "succeeded" {
		t.Errorf("it may not ask: %s", a.raw)
	}
}
