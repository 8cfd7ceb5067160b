package risk_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/detect"
)

func TestADetectionHasGraphsProperties(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 2, 1)
	d := w.get(t, detectionsURL+"/d00001")
	for name, want := range map[string]any{
		"id": "d00001", "riskEventType": "suspiciousSignins", "riskState": "atRisk", "riskLevel": "medium", "riskDetail": "none", "activity": "signin",
		"ipAddress": "203.0.113.9", "servicePrincipalId": "sp000", "servicePrincipalDisplayName": "billing", "appId": "app-sp000",
		"detectedDateTime": "2026-11-24T02:59:59Z", "tokenIssuerType": "AzureAD", "correlationId": nil, "detectionTimingType": "nearRealtime",
		"@odata.context": "https://rekey.example/api/$metadata#identityProtection/servicePrincipalRiskDetections/$entity",
	} {
		if d[name] != want {
			t.Errorf("%s is %v, want %v", name, d[name], want)
		}
	}
	if info, _ := d["additionalInfo"].(string); !strings.Contains(info, `"Key":"asn"`) {
		t.Errorf("additionalInfo %q does not explain", info)
	}
}

func TestPagesFollowOneAnotherAndShowEverythingOnce(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 45, 25)
	for i := range 25 {
		w.ring(t, fmt.Sprintf("sp%03d", i))
	}
	for url, want := range map[string]int{detectionsURL + "?$top=9&code=s3cret": 45, principalsURL + "?$top=5": 25, detectionsURL + "?$top=1000": 45} {
		pages := w.pages(t, url, nil)
		all := slices.Concat(pages...)
		if len(all) != want || len(slices.Compact(slices.Sorted(slices.Values(all)))) != want || len(pages) > 5 || len(pages[len(pages)-1]) == 0 {
			t.Errorf("%s: %d resources on %d pages", url, len(all), len(pages))
		}
	}
	if next := w.get(t, detectionsURL+"?$top=9&code=s3cret")["@odata.nextLink"].(string); strings.Contains(next, "s3cret") || !strings.Contains(next, "$skiptoken=") || !strings.Contains(next, "$top=9") {
		t.Errorf("the next link is %s", next)
	}
}

// While a client pages, detections arrive, are raised, and are dismissed. What was there and goes on matching is seen
// exactly once.
func TestPagesStandStillWhileTheWorldMoves(t *testing.T) {
	for _, filter := range []string{"", "&$filter=riskState eq 'atRisk'", "&$filter=riskLevel ne 'none'", "&$filter=servicePrincipalId in ('sp001','sp002')"} {
		w := newWorld(t)
		w.fill(t, 60, 3)
		n := 0
		seen := slices.Concat(w.pages(t, detectionsURL+"?$top=7"+filter, func() {
			n++
			w.keep(t, found(1000+n, 3), now.Add(time.Duration(n)*time.Second)) // a new one
			raised := found(n*3, 3)
			raised.Level, raised.Bits = "high", 20
			w.keep(t, raised, now)
		})...)
		count := map[string]int{}
		for _, id := range seen {
			count[id]++
		}
		for i := range 60 {
			d := found(i, 3)
			want := 1
			if strings.Contains(filter, "servicePrincipalId") && d.Principal.ObjectID == "sp000" {
				want = 0
			}
			if count[d.ID] != want {
				t.Errorf("%q: %s was seen %d times", filter, d.ID, count[d.ID])
			}
		}
	}
}

func TestAFewRowsAreReadForARequestAndThenThereIsALink(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 1200, 400)
	url := detectionsURL + "?$count=true&$filter=riskEventType eq 'nothingHasThis'"
	body := w.get(t, url)
	if len(body["value"].([]any)) != 0 || body["@odata.nextLink"] == nil || body["@odata.count"] != nil || body["@rekey.countAtLeast"] == nil {
		t.Errorf("%v", body)
	}
	if pages := w.pages(t, url, nil); len(pages) != 3 || len(slices.Concat(pages...)) != 0 {
		t.Errorf("%d pages", len(pages))
	}
	if got := slices.Concat(w.pages(t, detectionsURL+"?$top=1000", nil)...); len(got) != 1200 {
		t.Errorf("%d detections", len(got))
	}
}

func TestACountIsThatOfTheWholeFilterOnTheFirstPage(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 90, 10)
	first := w.get(t, detectionsURL+"?$count=true&$top=5&$filter=riskLevel eq 'high'")
	if first["@odata.count"] != 30.0 || len(first["value"].([]any)) != 5 {
		t.Errorf("count %v of %d", first["@odata.count"], len(first["value"].([]any)))
	}
	second := w.get(t, strings.TrimPrefix(first["@odata.nextLink"].(string), "https://rekey.example"))
	if second["@odata.count"] != nil || len(second["value"].([]any)) != 5 {
		t.Errorf("the second page has %v", second["@odata.count"])
	}
}

func TestSelectedPropertiesAreAllThereIs(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 1, 1)
	for _, url := range []string{detectionsURL + "?$select=riskLevel,id", detectionsURL + "/d00000?$select=riskLevel,id"} {
		d := w.get(t, url)
		if list, ok := d["value"].([]any); ok {
			if d["@odata.context"] != "https://rekey.example/api/$metadata#identityProtection/servicePrincipalRiskDetections(riskLevel,id)" {
				t.Error(d["@odata.context"])
			}
			d = list[0].(map[string]any)
		}
		delete(d, "@odata.context")
		if names := slices.Sorted(maps.Keys(d)); strings.Join(names, " ") != "id riskLevel" {
			t.Errorf("%s has %v", url, names)
		}
	}
}

func TestMembersThatCameLaterAreForClientsThatKnowOfThem(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 1, 1)
	w.ring(t, "sp000")
	w.say(t, "dismiss", "sp000")
	for prefer, want := range map[string]string{"": "unknownFutureValue unknownFutureValue", "return=minimal, Include-Unknown-Enum-Members": "adminDismissedAllRiskForServicePrincipal servicePrincipal"} {
		a := w.call(t, call{method: "GET", url: detectionsURL + "/d00000", header: map[string]string{"Prefer": prefer}})
		if got := fmt.Sprint(a.body["riskDetail"], " ", a.body["activity"]); got != want || (a.header.Get("Preference-Applied") != "") != (prefer != "") {
			t.Errorf("Prefer %q: %s", prefer, got)
		}
	}
}

func TestWhatIsAskedWronglyIsRefusedInGraphsForm(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 30, 3)
	w.ring(t, "sp000")
	token := w.get(t, detectionsURL+"?$top=5")["@odata.nextLink"].(string)
	_, token, _ = strings.Cut(token, "$skiptoken=")
	token, _, _ = strings.Cut(token, "&")
	for name, tt := range map[string]struct {
		url     string
		status  int
		message string
	}{
		"an unknown detection":           {detectionsURL + "/none", 404, "no such resource"},
		"an unknown principal":           {principalsURL + "/none", 404, "no such resource"},
		"an unknown principal's history": {principalsURL + "/none/history", 404, "no such resource"},
		"an unknown path":                {"/api/identityProtection/else", 404, "docs/api.md"},
		"a page of nothing":              {principalsURL + "?$top=0", 400, "from 1 to 1000"},
		"an order without an index":      {detectionsURL + "?$orderby=riskLevel", 400, "there is one for detectedDateTime desc"},
		"a principal's, too":             {principalsURL + "?$orderby=displayName", 400, "there is one for id"},
		"a filter that is wrong":         {detectionsURL + "?$filter=riskLevel eq high", 400, "single quotes"},
		"a level that is none":           {detectionsURL + "?$filter=riskLevel eq 'huge'", 400, "there are low, medium, high"},
		"an option of another kind":      {detectionsURL + "?$expand=x", 400, "there are $filter"},
		"a list's option on one":         {detectionsURL + "/d00001?$top=5", 400, "there is $select"},
		"a filter on one":                {detectionsURL + "/d00001?$filter=id eq 'x'", 400, "there is $select"},
		"a query that is half read":      {detectionsURL + "?$top=5&$filter=%zz", 400, "percent-encode"},
		"a token of nowhere":             {principalsURL + "?$skiptoken=%25%25", 400, "follow @odata.nextLink"},
		"a token of another list":        {principalsURL + "?$skiptoken=" + token, 400, "follow @odata.nextLink"},
		"a token of another filter":      {detectionsURL + "?$filter=riskLevel eq 'low'&$skiptoken=" + token, 400, "follow @odata.nextLink"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.call(t, call{method: "GET", url: tt.url})
			e, _ := a.body["error"].(map[string]any)
			if message, _ := e["message"].(string); a.status != tt.status || !strings.Contains(message, tt.message) || e["code"] == "" || e["innerError"] == nil {
				t.Errorf("%d %s, want %d %q", a.status, a.raw, tt.status, tt.message)
			}
		})
	}
}

// Whatever the filter, the index finds exactly what reading everything finds.
func TestAnyFilterFindsWhatReadingEverythingFinds(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 80, 5)
	for i := range 5 {
		w.ring(t, fmt.Sprintf("sp%03d", i))
	}
	w.say(t, "dismiss", "sp001")
	w.say(t, "confirmSafe", "sp002")
	w.say(t, "confirmCompromised", "sp003")
	all := map[string]map[string]any{}
	for _, v := range w.get(t, detectionsURL+"?$top=1000")["value"].([]any) {
		all[v.(map[string]any)["id"].(string)] = v.(map[string]any)
	}
	rapid.Check(t, func(rt *rapid.T) {
		filter, match := condition(rt, 3)
		var want []string
		for id, d := range all {
			if match(d) {
				want = append(want, id)
			}
		}
		got := slices.Concat(w.pages(t, detectionsURL+"?$top=30&$filter="+filter, nil)...)
		slices.Sort(want)
		if !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			rt.Fatalf("%s finds %d, want %d", filter, len(got), len(want))
		}
	})
}

// condition draws a filter and the same in Go.
func condition(t *rapid.T, depth int) (string, func(map[string]any) bool) {
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if depth == 0 {
		kind = 3 + kind%4
	}
	if kind < 3 {
		a, f := condition(t, depth-1)
		b, g := condition(t, depth-1)
		switch kind {
		case 0:
			return "(" + a + ") and (" + b + ")", func(d map[string]any) bool { return f(d) && g(d) }
		case 1:
			return "(" + a + ") or (" + b + ")", func(d map[string]any) bool { return f(d) || g(d) }
		}
		return "not (" + a + ")", func(d map[string]any) bool { return !f(d) }
	}
	if kind == 3 {
		at := now.Add(time.Duration(rapid.IntRange(-90, 10).Draw(t, "at")) * time.Second)
		detected := func(d map[string]any) time.Time {
			at, err := time.Parse(time.RFC3339Nano, d["detectedDateTime"].(string))
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		if rapid.Bool().Draw(t, "from") {
			return "detectedDateTime ge " + at.Format(time.RFC3339), func(d map[string]any) bool { return !detected(d).Before(at) }
		}
		return "detectedDateTime le " + at.Format(time.RFC3339), func(d map[string]any) bool { return !detected(d).After(at) }
	}
	name := []string{"riskState", "riskLevel", "servicePrincipalId"}[kind-4]
	value := rapid.SampledFrom(map[string][]string{
		"riskState": {detect.StateAtRisk, detect.StateDismissed, detect.StateConfirmedSafe, detect.StateConfirmedCompromised}, "riskLevel": {"low", "medium", "high", "none"},
		"servicePrincipalId": {"sp000", "sp001", "sp003", "nobody"},
	}[name]).Draw(t, "value")
	if rapid.Bool().Draw(t, "equal") {
		return name + " eq '" + value + "'", func(d map[string]any) bool { return d[name] == value }
	}
	return name + " ne '" + value + "'", func(d map[string]any) bool { return d[name] != value }
}

func TestAMethodThatIsNotThereSaysWhichAre(t *testing.T) {
	w := newWorld(t)
	if a := w.call(t, call{method: "DELETE", url: detectionsURL}); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET" {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func FuzzList(f *testing.F) {
	w := newWorld(f)
	w.fill(f, 20, 3)
	for _, query := range []string{"$top=3&$filter=riskLevel%20eq%20'high'", "$skiptoken=MTAwMDAwMDAwYWJj&$count=true", "$select=id,location&$orderby=detectedDateTime%20desc"} {
		f.Add(query)
	}
	token := w.token(f, w.claims(everything...))
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, detectionsURL, nil)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		if w.api.ServeHTTP(rec, r); rec.Code != http.StatusOK && rec.Code != http.StatusBadRequest || !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%q: %d %s", query, rec.Code, rec.Body)
		}
	})
}
