package subscriptions_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/notice"
	"rekey/shared/remedy"
	"rekey/shared/score"
	"rekey/shared/store"
)

// listed returns what is told of all subscriptions.
func listed(t *testing.T, w *world) []map[string]any {
	t.Helper()
	rec, err := w.call("listSubscriptions", "", "")
	var out struct{ Value []map[string]any }
	if err := errors.Join(err, json.Unmarshal(rec.Body.Bytes(), &out)); err != nil {
		t.Fatal(err)
	}
	return out.Value
}

func TestTheAddressOfACallbackIsNowhereInWhatIsAnswered(t *testing.T) {
	w := newWorld(t)
	const path = "/workflows/0a/triggers/When/run"
	rec, err := w.call("subscribe", "", map[string]any{"callbackUrl": "https://prod-03.westus.logic.azure.com:443" + path + "?api-version=2016-06-01&sig=" + secret})
	if err != nil {
		t.Fatal(err)
	}
	id := rec.Header().Get("Location")[len("https://rekey.example/api/subscriptions/"):]
	list, err1 := w.call("listSubscriptions", "", "")
	one, err2 := w.call("getSubscription", id, "")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{rec.Body.String(), list.Body.String(), one.Body.String()} {
		if strings.Contains(text, secret) || !strings.Contains(text, `"callback":"prod-03.westus.logic.azure.com:443`+path+`"`) {
			t.Errorf("%s", text)
		}
	}
	if !strings.Contains(rec.Body.String(), "signingKey") || strings.Contains(one.Body.String(), "signingKey") {
		t.Error("the key is told to whoever subscribes, and to nobody else")
	}
}

func TestASubscriptionThatIsWrongIsRefusedWithoutItsAddress(t *testing.T) {
	w := newWorld(t)
	for name, tt := range map[string]struct {
		body any
		want string
	}{
		"no JSON":                      {"{", "not the JSON"},
		"a property that there is not": {w.body(map[string]any{"level": "high"}), "property that there is not"},
		"no callback":                  {map[string]any{}, "callbackUrl is missing"},
		"another host":                 {w.body(map[string]any{"callbackUrl": "https://evil.example/?sig=" + secret}), "host evil.example is not on the list"},
		"not TLS":                      {w.body(map[string]any{"callbackUrl": "http://x.logic.azure.com/?sig=" + secret}), "not https"},
		"a user in it":                 {w.body(map[string]any{"callbackUrl": "https://u:" + secret + "@x.logic.azure.com/"}), "user name"},
		"no URL":                       {w.body(map[string]any{"callbackUrl": "%zz" + secret}), "no URL"},
		"a type of nobody's":           {w.body(map[string]any{"types": []string{"com.rekey.x"}}), "there are com.rekey.detection.raised"},
		"a level of nobody's":          {w.body(map[string]any{"minimumRiskLevel": "severe"}), "low, medium or high"},
		"once, for nothing":            {w.body(map[string]any{"once": true}), "remediationId"},
		"an end in the past":           {w.body(map[string]any{"expirationDateTime": start.Add(-time.Second)}), "in the future"},
		"far too long":                 {w.body(map[string]any{"states": strings.Split(strings.Repeat("x,", 40), ",")}), "too long"},
		"a body without end":           {strings.Repeat(" ", 40<<10), "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.call("subscribe", "", tt.body)
			var refused *httpapi.Error
			if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest || !strings.Contains(refused.Message, tt.want) || strings.Contains(refused.Message, secret) {
				t.Errorf("%v", err)
			}
		})
	}
	if len(w.bell.Rung()) != 0 || len(listed(t, w)) != 0 {
		t.Error("something was kept")
	}
}

func TestTheSameCallbackIsTheSameSubscription(t *testing.T) {
	w := newWorld(t)
	first := w.subscribe(nil)
	w.now = w.now.Add(time.Minute)
	if again := w.subscribe(nil); again != first || len(listed(t, w)) != 1 || w.look(first)["createdDateTime"] != start.Format(time.RFC3339) {
		t.Errorf("%v", listed(t, w))
	}
	if other := w.subscribe(map[string]any{"minimumRiskLevel": "high"}); other != first || w.look(first)["minimumRiskLevel"] != "high" {
		t.Errorf("another filter: %v", listed(t, w))
	}
	if other := w.subscribe(map[string]any{"callbackUrl": w.receiver.URL + "/other"}); other == first {
		t.Error("another callback is the same")
	}
}

func TestWhatIsWantedIsToldAndNothingElse(t *testing.T) {
	detection := func(level score.Level, principal string) notice.Notice {
		return notice.OfDetection(tenant, detect.Detection{ID: "d-" + principal + string(level), Level: level, Principal: event.Principal{ObjectID: principal}, Detected: start})
	}
	for name, tt := range map[string]struct {
		filter map[string]any
		want   []int
	}{
		"everything":               {nil, []int{0, 1, 2, 3, 4}},
		"high detections":          {map[string]any{"minimumRiskLevel": "high", "types": []string{notice.DetectionRaised}}, []int{1}},
		"one principal":            {map[string]any{"servicePrincipalId": "SP2"}, []int{2}},
		"one remediation":          {map[string]any{"remediationId": "op-1"}, []int{3, 4}},
		"what waits for people":    {map[string]any{"types": []string{notice.OperationMoved}, "states": []string{"awaitingApproval"}}, []int{3}},
		"what nothing is told of":  {map[string]any{"types": []string{notice.RotationMoved}}, nil},
		"once, the state it is in": {map[string]any{"remediationId": "op-1", "once": true}, []int{4}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.now = start.Add(time.Hour)
			w.subscribe(tt.filter)
			ns := []notice.Notice{detection(score.LevelLow, "sp1"), detection(score.LevelHigh, "sp1"), detection(score.LevelMedium, "sp2")}
			ns = append(ns, w.moved("op-1", remedy.StateAwaitingApproval, remedy.StateDone)...)
			w.tell(ns...)
			w.turn()
			var got []int
			for i, n := range ns {
				if slices.Contains(w.receiver.got, n.ID) {
					got = append(got, i)
				}
			}
			if !slices.Equal(got, tt.want) || len(w.receiver.got) != len(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWhoWaitsIsCalledOnceAndItIsOverThen(t *testing.T) {
	w := newWorld(t)
	w.moves["op-1"] = w.moved("op-1", remedy.StateAwaitingApproval)
	id := w.subscribe(map[string]any{"remediationId": "op-1", "once": true, "states": []string{"done", "failed"}})
	w.turn()
	if len(w.receiver.got) != 0 {
		t.Fatal("it was called for a state that was not waited for")
	}
	w.tell(w.moved("op-1", remedy.StateAwaitingApproval, remedy.StateRunning)...)
	w.turn()
	w.receiver.statuses = []int{500}
	w.tell(w.moved("op-1", remedy.StateAwaitingApproval, remedy.StateRunning, remedy.StateDone)...)
	w.turn()
	w.pass(10 * time.Minute)
	if len(w.receiver.got) != 1 || !strings.Contains(w.receiver.bodies[0], `"state":"done"`) {
		t.Errorf("got %v", w.receiver.bodies)
	}
	if _, err := w.call("getSubscription", id, ""); err == nil {
		t.Error("it is still there")
	}
	if rec, err := w.call("unsubscribe", id, ""); err != nil || rec.Code != http.StatusNoContent { // as the engine does then
		t.Errorf("%d (%v)", rec.Code, err)
	}
}

func TestWhoWaitsForWhatIsThereAlreadyIsCalledAtOnce(t *testing.T) {
	w := newWorld(t)
	w.moves["op-1"] = w.moved("op-1", remedy.StateRunning, remedy.StateContained)
	w.subscribe(map[string]any{"remediationId": "op-1", "once": true})
	w.turn()
	if len(w.receiver.got) != 1 || !strings.Contains(w.receiver.bodies[0], `"state":"contained"`) {
		t.Errorf("got %v", w.receiver.bodies)
	}
	// The ring for it is lost: sweep sees that nobody has looked.
	w.subscribe(map[string]any{"remediationId": "op-1", "once": true, "callbackUrl": w.receiver.URL + "/2"})
	w.bell.Rung()
	w.pass(4 * time.Minute)
	if len(w.receiver.got) != 2 {
		t.Errorf("got %v", w.receiver.got)
	}
}

func TestAfterUnsubscribingNothingIsDeliveredAndNothingIsLeft(t *testing.T) {
	for name, end := range map[string]func(w *world, id string) (int, error){
		"by its address": func(w *world, id string) (int, error) {
			rec, err := w.call("unsubscribe", id, "")
			return rec.Code, err
		},
		"by its callback": func(w *world, _ string) (int, error) {
			rec, err := w.call("unsubscribeCallback", "", map[string]any{"callbackUrl": w.body(nil)["callbackUrl"]})
			return rec.Code, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.subscribe(nil)
			w.receiver.statuses = []int{503, 400}
			w.tell(w.some(3)...)
			w.turn()
			if code, err := end(w, id); err != nil || code != http.StatusNoContent {
				t.Fatalf("%d (%v)", code, err)
			}
			if code, err := end(w, id); err != nil || code != http.StatusNoContent { // the engine tries again
				t.Fatalf("%d (%v)", code, err)
			}
			w.bell.Rung() // lost
			w.pass(time.Hour)
			if len(w.receiver.got) != 0 || len(listed(t, w)) != 0 {
				t.Errorf("got %v", w.receiver.got)
			}
			rows := 0
			if err := w.store.Deliveries.Scan(t.Context(), func(store.Row) bool { rows++; return true }); err != nil || rows != 0 {
				t.Errorf("%d rows are left (%v)", rows, err)
			}
		})
	}
}

func TestOneThatExpiredIsRemoved(t *testing.T) {
	w := newWorld(t)
	w.subscribe(map[string]any{"expirationDateTime": start.Add(time.Hour)})
	w.pass(time.Hour + 4*time.Minute)
	w.tell(w.some(1)...)
	w.turn()
	if len(w.receiver.got) != 0 || len(listed(t, w)) != 0 {
		t.Errorf("got %v, %v", w.receiver.got, listed(t, w))
	}
}

func TestNobodyHasMoreSubscriptionsThanTheLimit(t *testing.T) {
	w := newWorld(t)
	for i := range 200 {
		w.subscribe(map[string]any{"callbackUrl": w.receiver.URL + "/" + strings.Repeat("x", i+1)})
	}
	_, err := w.call("subscribe", "", w.body(nil))
	var refused *httpapi.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden || !strings.Contains(refused.Message, "end some") {
		t.Errorf("%v", err)
	}
}

func TestAMessageIsARumour(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{"", "op-1", "sub-" + strings.Repeat("a", 100)} {
		if err := w.deliver.Handle(t.Context(), funchost.Message{Text: text}); !errors.Is(err, fault.Poison) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := w.deliver.Handle(t.Context(), funchost.Message{Text: "sub-0000"}); err != nil {
		t.Errorf("one that is not there: %v", err)
	}
}
