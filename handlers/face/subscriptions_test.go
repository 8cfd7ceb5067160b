package face_test

import (
	"net/http"
	"strings"
	"testing"

	"rekey/shared/host/httpapi"
)

// Reading is enough to be told; to be silent about something, in somebody else's name, is a decision.
func TestWhoMaySubscribeAndWhoMayEndItForSomebodyElse(t *testing.T) {
	w := newWorld(t)
	const events, read, decide = "IdentityRiskEvent.Read.All", "IdentityRiskyServicePrincipal.Read.All", "IdentityRiskyServicePrincipal.ReadWrite.All"
	const body = `{"callbackUrl":"https://prod-03.westeurope.logic.azure.com/workflows/0a?sig=s3cret"}`
	for name, tt := range map[string]struct {
		claims map[string]any
		opens  bool
	}{
		"an application that reads both":            {w.claims(events, read), true},
		"an application that reads detections only": {w.claims(events), false},
		"an application that reads principals only": {w.claims(read), false},
		"an application without roles":              {w.claims(), false},
		"a Security Reader":                         {w.user(ann, events+" "+read, httpapi.SecurityReader), true},
		"a user without a role":                     {w.user(ann, events+" "+read), false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/subscriptions", "/subscriptions/sub-none", "/subscriptions/sub-none/deadLetters"} {
				if code := w.do(w.token(tt.claims), http.MethodGet, path, "").status; (code != http.StatusForbidden) != tt.opens {
					t.Errorf("GET %s: %d", path, code)
				}
			}
			if code := w.do(w.token(tt.claims), http.MethodPost, "/subscriptions", body).status; (code == http.StatusCreated) != tt.opens {
				t.Errorf("POST: %d", code)
			}
		})
	}
	ann, ben := w.user(ann, events+" "+read, httpapi.SecurityReader), w.user(ben, events+" "+read, httpapi.SecurityReader)
	made := w.do(w.token(ann), http.MethodPost, "/subscriptions", body)
	_, path, _ := strings.Cut(made.header.Get("Location"), "/api")
	if made.status != http.StatusCreated || path == "" {
		t.Fatalf("%d %s", made.status, made.raw)
	}
	for _, call := range [][2]string{{http.MethodDelete, path}, {http.MethodPost, path + "/resend"}} {
		if got := w.do(w.token(ben), call[0], call[1], `{}`); got.status != http.StatusForbidden || !strings.Contains(got.raw, decide) {
			t.Errorf("%v by somebody else: %d %s", call, got.status, got.raw)
		}
	}
	// The callback of somebody else is not his: there is nothing to end.
	if got := w.do(w.token(ben), http.MethodPost, "/subscriptions/unsubscribe", body); got.status != http.StatusNoContent {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := w.do(w.token(ben), http.MethodGet, path, ""); got.status != http.StatusOK || strings.Contains(got.raw, "s3cret") {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := w.do(w.token(w.claims(events, read, decide)), http.MethodDelete, path, ""); got.status != http.StatusNoContent {
		t.Errorf("by who may decide: %d %s", got.status, got.raw)
	}
	if got := w.do(w.token(ann), http.MethodGet, path, ""); got.status != http.StatusNotFound {
		t.Errorf("it is still there: %d", got.status)
	}
}
