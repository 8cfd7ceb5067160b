package risk_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"rekey/shared/host/httpapi"
)

// value is a property of the first resource of a list, or of a resource.
func value(body map[string]any, name string) any {
	if list, ok := body["value"].([]any); ok {
		if len(list) == 0 {
			return nil
		}
		return list[0].(map[string]any)[name]
	}
	return body[name]
}

func TestAVerdictChangesWhatIsListed(t *testing.T) {
	for kind, want := range map[string][2]string{
		"dismiss": {"dismissed", "none"}, "confirmSafe": {"confirmedSafe", "none"}, "confirmCompromised": {"confirmedCompromised", "high"},
	} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			w.fill(t, 4, 2)
			w.ring(t, "sp000")
			w.ring(t, "sp001")
			w.say(t, kind, "SP000", "sp000")
			state, level := want[0], want[1]
			p := w.get(t, principalsURL+"/sp000")
			if p["riskState"] != state || p["riskLevel"] != level || p["isProcessing"] != false {
				t.Errorf("the principal is %v %v", p["riskState"], p["riskLevel"])
			}
			filter := fmt.Sprintf("?$filter=riskState eq '%s' and riskLevel eq '%s'", state, level)
			if id := value(w.get(t, principalsURL+filter), "id"); id != "sp000" {
				t.Errorf("by state and level, %v is listed", id)
			}
			if id := value(w.get(t, principalsURL+"?$filter=riskState eq 'atRisk'"), "id"); id != "sp001" {
				t.Errorf("at risk is %v", id)
			}
			if got := len(w.get(t, detectionsURL+"?$filter=riskState eq '"+state+"'")["value"].([]any)); got != 2 && got != 3 { // 3: the word itself is one
				t.Errorf("%d detections are %s", got, state)
			}
			if got := value(w.get(t, detectionsURL+"?$filter=servicePrincipalId eq 'sp001'"), "riskState"); got != "atRisk" {
				t.Errorf("another principal's detection is %v", got)
			}
		})
	}
}

func TestUntilAVerdictIsCarriedOutThePrincipalIsBeingProcessed(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 1, 1)
	w.ring(t, "sp000")
	if a := w.call(t, call{method: "POST", url: principalsURL + "/dismiss", body: `{"servicePrincipalIds":["sp000"]}`}); a.status != http.StatusNoContent {
		t.Fatal(a.status)
	}
	if p := w.get(t, principalsURL+"/sp000"); p["isProcessing"] != true || p["riskState"] != "atRisk" {
		t.Errorf("%v %v", p["isProcessing"], p["riskState"])
	}
	if id := value(w.get(t, principalsURL+"?$filter=isProcessing eq true"), "id"); id != "sp000" {
		t.Errorf("being processed is %v", id)
	}
	if rung := w.bell.Rung(); len(rung) != 1 || rung[0] != "sp000" {
		t.Errorf("rung %v", rung)
	}
}

func TestAHistoryTellsWhatWasFoundAndSaidAndByWhom(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 2, 1)
	w.ring(t, "sp000")
	w.say(t, "confirmCompromised", "sp000")
	w.now = w.now.Add(time.Minute)
	w.say(t, "dismiss", "sp000")
	a := w.call(t, call{method: "GET", url: principalsURL + "/sp000/history", header: map[string]string{"Prefer": "include-unknown-enum-members"}})
	var body struct {
		Value []struct {
			ID, RiskState, RiskLevel, RiskDetail, ServicePrincipalID string
			InitiatedBy                                              *string
			Activity                                                 struct {
				Detail         string
				RiskEventTypes []string
			}
		}
	}
	if err := json.Unmarshal(a.raw, &body); err != nil || len(body.Value) != 4 {
		t.Fatalf("%v %s", err, a.raw)
	}
	var told []string
	for _, x := range body.Value {
		by := "nobody"
		if x.InitiatedBy != nil {
			by = *x.InitiatedBy
		}
		told = append(told, fmt.Sprint(x.RiskState, " ", x.RiskLevel, " ", x.Activity.Detail, " ", x.Activity.RiskEventTypes, " by ", by))
		if x.ServicePrincipalID != "sp000" || x.RiskDetail != x.Activity.Detail {
			t.Errorf("%+v", x)
		}
	}
	want := `dismissed none adminDismissedAllRiskForServicePrincipal [] by application c1 (o1)
confirmedCompromised high adminConfirmedServicePrincipalCompromised [adminConfirmedServicePrincipalCompromised] by application c1 (o1)
atRisk medium none [suspiciousSignins] by nobody
atRisk low none [leakedCredentials] by nobody`
	if got := strings.Join(told, "\n"); !strings.HasPrefix(got, strings.Join(strings.Split(want, "\n")[:2], "\n")) || !strings.Contains(got, "[suspiciousSignins] by nobody") || !strings.Contains(got, "[leakedCredentials] by nobody") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if pages := w.pages(t, principalsURL+"/sp000/history?$top=1", nil); len(pages) != 4 {
		t.Errorf("%d pages", len(pages))
	}
}

func TestAVerdictOnNobodyOrOnTooManyIsRefusedAsAWhole(t *testing.T) {
	w := newWorld(t)
	many := `"` + strings.Repeat(`x","`, 60) + `x"`
	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"no body":          {"", http.StatusUnsupportedMediaType},
		"no JSON":          {"{", 400},
		"nobody":           {`{"servicePrincipalIds":[]}`, 400},
		"another property": {`{"ids":["sp000"]}`, 400},
		"61":               {`{"servicePrincipalIds":[` + many + `]}`, 400},
		"one that is none": {`{"servicePrincipalIds":["sp000",""]}`, 400},
		"one with a space": {`{"servicePrincipalIds":["sp000","a b"]}`, 400},
		"a number":         {`{"servicePrincipalIds":[7]}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			if a := w.call(t, call{method: "POST", url: principalsURL + "/dismiss", body: tt.body}); a.status != tt.status {
				t.Errorf("%d %s", a.status, a.raw)
			}
		})
	}
	if waiting, err := w.verdicts.Pending(t.Context(), now.AddDate(1, 0, 0), 10); err != nil || len(waiting) != 0 {
		t.Errorf("%v were ordered", waiting)
	}
	if a := w.call(t, call{method: "POST", url: principalsURL + "/dismiss", body: `{"servicePrincipalIds":[` + strings.TrimPrefix(strings.ReplaceAll(many, `"x",`, ""), ",") + `]}`}); a.status != http.StatusNoContent {
		t.Errorf("one is %d %s", a.status, a.raw)
	}
}

func TestAPersonsConfirmedSafeTeachesAndAnApplicationsDoesNot(t *testing.T) {
	for name, person := range map[string]bool{"a person": true, "an application": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.fill(t, 1, 1)
			w.ring(t, "sp000")
			claims := w.claims(everything...)
			if person {
				claims = w.claims()
				claims["scp"], claims["wids"], claims["sub"] = strings.Join(everything, " "), []string{httpapi.SecurityAdministrator}, "pairwise"
				delete(claims, "roles")
			}
			c := call{method: "POST", url: principalsURL + "/confirmSafe", body: `{"servicePrincipalIds":["sp000"]}`, token: w.token(t, claims)}
			if a := w.call(t, c); a.status != http.StatusNoContent {
				t.Fatalf("%d %s", a.status, a.raw)
			}
			w.now = w.now.Add(time.Millisecond)
			w.ring(t, "sp000")
			ds, err := w.findings.Of(t.Context(), "sp000")
			if err != nil || len(ds) != 1 {
				t.Fatalf("%d detections (%v)", len(ds), err)
			}
			if got := ds[0].Judged.Own; (len(got) > 0) != person {
				t.Errorf("%v", got)
			}
		})
	}
}
