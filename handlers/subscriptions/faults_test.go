package subscriptions_test

import (
	"context"
	"crypto/hmac"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers/subscriptions"
	"rekey/shared/host/funchost"
	"rekey/shared/host/webhook"
)

func TestANoticeIsDeliveredSignedAsJSONThatAWorkflowReads(t *testing.T) {
	w := newWorld(t)
	rec, err := w.call("subscribe", "", w.body(nil))
	var made struct {
		Key string `json:"signingKey"`
	}
	if err != nil || json.Unmarshal(rec.Body.Bytes(), &made) != nil {
		t.Fatal(err)
	}
	n := w.some(1)
	w.tell(n...)
	w.turn()
	if !slices.Equal(w.receiver.got, []string{n[0].ID}) {
		t.Fatalf("got %v", w.receiver.got)
	}
	want := webhook.Sign([]byte(made.Key), w.now, []byte(w.receiver.bodies[0]))
	if h := w.receiver.headers[0]; !hmac.Equal([]byte(h.Get("Rekey-Signature")), []byte(want)) || h.Get("Content-Type") != "application/json" || h.Get("Authorization") != "" {
		t.Errorf("%v", h)
	}
	var got map[string]any
	if json.Unmarshal([]byte(w.receiver.bodies[0]), &got) != nil || got["specversion"] != "1.0" {
		t.Errorf("%s", w.receiver.bodies[0])
	}
}

func TestACallbackThatIsDownForAnHourIsToldEverythingOnceAndInOrder(t *testing.T) {
	w := newWorld(t)
	id := w.subscribe(nil)
	w.receiver.statuses = slices.Repeat([]int{503}, 1000)
	n := w.some(3)
	w.tell(n...)
	w.turn()
	w.pass(time.Hour)
	if s := w.look(id); s["status"] != "failing" || s["failingSinceDateTime"] == nil || len(w.receiver.got) != 0 {
		t.Errorf("%v", s)
	}
	if tries := 1000 - len(w.receiver.statuses); tries > 12 || tries < 4 {
		t.Errorf("tried %d times in an hour", tries)
	}
	w.receiver.statuses = nil
	w.pass(20 * time.Minute)
	if len(w.receiver.got) != 3 || w.look(id)["status"] != "active" {
		t.Errorf("got %v, %v", w.receiver.got, w.look(id))
	}
	w.pass(time.Hour)
	if len(w.receiver.got) != 3 {
		t.Errorf("told again: %v", w.receiver.got)
	}
}

func TestAReceiverThatAsksToBeLeftAloneIs(t *testing.T) {
	w := newWorld(t)
	w.subscribe(nil)
	w.receiver.statuses, w.receiver.after = []int{429}, "1200"
	w.tell(w.some(1)...)
	w.turn()
	w.pass(18 * time.Minute)
	if len(w.receiver.got) != 0 {
		t.Error("it was called before its time")
	}
	w.pass(4 * time.Minute)
	if len(w.receiver.got) != 1 {
		t.Error("it was not called after its time")
	}
}

func TestAProcessThatIsKilledBetweenDeliveringAndNotingDeliversAgainUnderTheSameID(t *testing.T) {
	w := newWorld(t)
	w.subscribe(nil)
	n := w.some(2)
	w.tell(n...)
	rung := w.bell.Rung()
	ctx, kill := context.WithCancel(t.Context())
	w.receiver.took = kill // everything that the process does after it fails
	if err := w.deliver.Handle(ctx, funchost.Message{Text: rung[0]}); err == nil {
		t.Fatal("it was not killed")
	}
	w.receiver.took, w.deliver = nil, w.instance("two")
	if len(w.receiver.got) != 1 {
		t.Fatalf("got %v", w.receiver.got)
	}
	w.pass(10 * time.Minute) // the lease of the dead one ends, and sweep rings
	if len(w.receiver.got) != 3 || w.receiver.got[0] != w.receiver.got[1] {
		t.Errorf("got %v", w.receiver.got)
	}
	w.pass(time.Hour)
	if len(w.receiver.got) != 3 {
		t.Errorf("told again: %v", w.receiver.got)
	}
}

func TestTwoInstancesDoNotDeliverTheSame(t *testing.T) {
	w := newWorld(t)
	id := w.subscribe(nil)
	other := w.instance("two")
	w.tell(w.some(1)...)
	w.receiver.took = func() {
		if err := other.Handle(t.Context(), funchost.Message{Text: id}); err != nil {
			t.Error(err)
		}
	}
	w.turn()
	if len(w.receiver.got) != 1 {
		t.Errorf("got %v", w.receiver.got)
	}
}

func TestARedirectToTheMetadataServiceIsNotFollowedAndTheNoticeIsADeadLetter(t *testing.T) {
	w := newWorld(t)
	id := w.subscribe(nil)
	w.receiver.statuses = []int{http.StatusFound}
	n := w.some(2)
	w.tell(n...)
	w.turn()
	if len(w.receiver.got) != 1 { // the other one
		t.Errorf("got %v", w.receiver.got)
	}
	if s := w.look(id); s["deadLetters"] != 1.0 || !strings.Contains(s["statusDetail"].(string), "status 302") && s["statusDetail"] != "" {
		t.Errorf("%v", s)
	}
}

// A name that led to the Internet when it was looked up, and leads to this machine when it is connected to, is not called. The
// server here would take the notice.
func TestANameThatIsBoundAnewToThisMachineIsNotCalled(t *testing.T) {
	w := newWorld(t)
	w.subscribe(nil)
	public := webhook.Public()
	public.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // so that only the address can be what is wrong
	dial := public.DialContext
	public.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return dial(ctx, network, net.JoinHostPort("localhost", port)) // what the second answer of the name server says
	}
	w.deliver = subscriptions.New(subscriptions.Config{Store: w.store, Hosts: []string{"127.0.0.1"}, Transport: public, Bell: w.bell, Owner: "one", Now: func() time.Time { return w.now }})
	w.tell(w.some(1)...)
	w.turn()
	if len(w.receiver.got) != 0 {
		t.Error("this machine was called")
	}
	s := listed(t, w)[0]
	if s["status"] != "failing" || !strings.Contains(s["statusDetail"].(string), "not public") {
		t.Errorf("%v", s)
	}
}

func TestWhatIsNotTakenForADayIsADeadLetterThatCanBeSentAgain(t *testing.T) {
	w := newWorld(t)
	id := w.subscribe(nil)
	w.receiver.statuses = slices.Repeat([]int{500}, 1000)
	n := w.some(2)
	w.tell(n...)
	w.turn()
	w.pass(25 * time.Hour)
	rec, err := w.call("listDeadLetters", id, "")
	if err != nil || strings.Count(rec.Body.String(), "gave up after a day") != 2 || !strings.Contains(rec.Body.String(), n[0].ID) || strings.Contains(rec.Body.String(), secret) {
		t.Fatalf("%s (%v)", rec.Body, err)
	}
	w.receiver.statuses = nil
	if rec, err := w.call("resendDeadLetters", id, `{}`); err != nil || rec.Code != http.StatusNoContent {
		t.Fatal(err)
	}
	w.turn()
	if s := w.look(id); len(w.receiver.got) != 2 || s["deadLetters"] != 0.0 || s["status"] != "active" {
		t.Errorf("got %v, %v", w.receiver.got, s)
	}
	w.pass(time.Hour)
	if len(w.receiver.got) != 2 {
		t.Errorf("sent again: %v", w.receiver.got)
	}
}

func TestACallbackThatIsGoneEndsItsSubscription(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		w := newWorld(t)
		id := w.subscribe(nil)
		w.receiver.statuses = []int{status}
		w.tell(w.some(2)...)
		w.turn()
		if s := w.look(id); s["status"] != "ended" || s["deadLetters"] != 2.0 || len(w.receiver.got) != 0 {
			t.Errorf("%v, got %v", s, w.receiver.got)
		}
		if _, err := w.call("resendDeadLetters", id, `{}`); err == nil || !strings.Contains(err.Error(), "subscribe again") {
			t.Errorf("resending to one that ended: %v", err)
		}
		w.now = w.now.Add(time.Minute)
		w.subscribe(nil) // it is there again
		w.tell(w.moved("op-9", "done")...)
		w.turn()
		if s := w.look(id); s["status"] != "active" || len(w.receiver.got) != 1 || s["deadLetters"] != 2.0 {
			t.Errorf("%v, got %v", s, w.receiver.got)
		}
		w.receiver.statuses = []int{status}
		w.tell(w.moved("op-10", "done")...)
		w.turn()
		w.now = w.now.Add(31 * 24 * time.Hour)
		w.pass(4 * time.Minute)
		if _, err := w.call("getSubscription", id, ""); err == nil {
			t.Error("one that ended is kept for ever")
		}
	}
}

func TestANoticeThatIsRefusedIsADeadLetterAndTheOthersGoOn(t *testing.T) {
	w := newWorld(t)
	id := w.subscribe(nil)
	w.receiver.statuses = []int{http.StatusBadRequest}
	w.tell(w.some(3)...)
	w.turn()
	if s := w.look(id); len(w.receiver.got) != 2 || s["deadLetters"] != 1.0 {
		t.Errorf("got %v, %v", w.receiver.got, s)
	}
}

func TestAHostThatIsTakenFromTheListIsNotCalledAnyMore(t *testing.T) {
	w := newWorld(t)
	id := w.subscribe(nil)
	w.deliver.Hosts = []string{"*.logic.azure.com"}
	w.tell(w.some(1)...)
	w.turn()
	if s := w.look(id); len(w.receiver.got) != 0 || s["status"] != "failing" || !strings.Contains(s["statusDetail"].(string), "not on the list") {
		t.Errorf("%v", s)
	}
}
