package face_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/handlers/switches"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/store/memory"
)

func TestAPlanIsAskedForApprovedAndBeginsAndTheRecordSaysByWhom(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp1", "plan")
	shown := w.do(w.as(ann), "GET", path, "")
	if shown.text("state") != "planned" || !strings.HasPrefix(shown.text("requestedBy"), "user "+ann) || len(shown.body["steps"].([]any)) == 0 || len(shown.body["forecast"].([]any)) == 0 {
		t.Fatalf("%s", shown.raw)
	}
	if again := w.asked("sp1", "approve"); again != path {
		t.Errorf("the same case has two remediations: %s and %s", path, again)
	}
	done := w.ordered(w.as(ben), path+"/approve", `{"planHash":"`+w.hash(path)+`","note":"seen"}`)
	if done.text("status") != "succeeded" || done.text("statusDetail") != "approved; it is carried out now" {
		t.Errorf("%s", done.raw)
	}
	if a := w.do(w.as(ann), "GET", path, ""); a.text("state") != "running" {
		t.Errorf("%s", a.raw)
	}
	if rung := w.evict.Rung(); len(rung) != 1 || "/remediations/"+rung[0] != path {
		t.Errorf("rung for %v", rung)
	}
	l, err := ledger.Open(t.Context(), w.face.Ledger, strings.TrimPrefix(path, "/remediations/"))
	if err != nil || len(l.Entries()) != 1 || l.Entries()[0].Actor != ben || !strings.Contains(l.Entries()[0].Text, "seen (over HTTP, user "+ben+" through c1, order-") {
		t.Errorf("%+v (%v)", l, err)
	}
	if a := w.do(w.as(ann), "GET", path+"/ledger", ""); a.body["verified"] != true || !strings.Contains(a.raw, ben) {
		t.Errorf("%s", a.raw)
	}
}

func TestARequestIsFoundByEachOfItsNames(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp1", "approve")
	d, err := w.face.Findings.Of(t.Context(), "sp1")
	if err != nil || len(d) != 1 {
		t.Fatalf("%d detections (%v)", len(d), err)
	}
	for _, body := range []string{`{"appId":"app-sp1"}`, `{"detectionId":"` + d[0].ID + `"}`} {
		if a := w.ordered(w.as(ann), "/remediations", body); !strings.HasSuffix(a.text("resourceLocation"), path) {
			t.Errorf("%s: %s", body, a.raw)
		}
	}
	if a := w.ordered(w.as(ann), "/remediations", `{"servicePrincipalId":"nobody"}`); a.text("status") != "failed" || !strings.Contains(a.text("statusDetail"), "the directory has no such service principal") {
		t.Errorf("%s", a.raw)
	}
}

// Nothing is done alone because of a request, whatever it asks for and whatever the settings allow.
func TestARequestIsNoApproval(t *testing.T) {
	for _, mode := range []string{"contain", "evict"} {
		w := newWorld(t)
		w.policy.Default, w.policy.ActsPerHour = decide.ModeEvict, 5
		a := w.ordered(w.as(ann), "/remediations", `{"servicePrincipalId":"sp1","mode":"`+mode+`","reason":"now"}`)
		if !strings.Contains(a.text("statusDetail"), "awaitingApproval") || !strings.Contains(a.raw, "not without a person, successful use") {
			t.Errorf("%s: %s", mode, a.raw)
		}
		if rung := w.evict.Rung(); len(rung) != 0 {
			t.Errorf("%s: rung for %v", mode, rung)
		}
	}
}

func TestWhereThePolicyOnlyPlansNobodyCanApprove(t *testing.T) {
	w := newWorld(t)
	w.policy.Default = decide.ModePlan
	a := w.ordered(w.as(ann), "/remediations", `{"servicePrincipalId":"sp1","mode":"approve","reason":"x"}`)
	if !strings.Contains(a.raw, "REKEY_MODES") {
		t.Errorf("%s", a.raw)
	}
	_, path, _ := strings.Cut(a.text("resourceLocation"), "/api")
	if a := w.do(w.as(ann), "POST", path+"/approve", `{"planHash":"`+w.hash(path)+`"}`); a.status != http.StatusConflict || !strings.Contains(a.raw, "only planned") {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestAProtectedPrincipalNeedsTwoPeopleAndNobodyCountsTwice(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp-guarded", "evict")
	body := `{"planHash":"` + w.hash(path) + `"}`
	if a := w.ordered(w.as(ann), path+"/approve", body); a.text("statusDetail") != "approved; 1 more must approve within 4 hours" {
		t.Fatalf("%s", a.raw)
	}
	twin := w.user(strings.ToUpper(ann), everyScope, "62e90394-69f5-4237-9190-012177145e10")
	twin["azp"], twin["preferred_username"] = "c2", "ann.admin@contoso.example"
	if a := w.do(w.token(twin), "POST", path+"/approve", body); a.status != http.StatusConflict || !strings.Contains(a.raw, "nobody counts twice") {
		t.Errorf("the same person by another name: %d %s", a.status, a.raw)
	}
	if a := w.ordered(w.as(ben), path+"/approve", body); a.text("statusDetail") != "approved; it is carried out now" {
		t.Errorf("%s", a.raw)
	}
}

func TestTwoWhoApproveAtTheSameMomentBothCount(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp-guarded", "approve")
	body := `{"planHash":"` + w.hash(path) + `"}`
	var wg sync.WaitGroup
	for _, token := range []string{w.as(ann), w.as(ben)} {
		wg.Go(func() { w.do(token, "POST", path+"/approve", body) })
	}
	wg.Wait()
	w.carryOut() // what lost a race is done by the next ring
	if a := w.do(w.as(ann), "GET", path, ""); a.text("state") != "running" || len(a.body["approvals"].([]any)) != 2 {
		t.Errorf("%s", a.raw)
	}
}

func TestAYesThatIsOldOrForAnotherPlanDoesNotCount(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp-guarded", "approve")
	body := `{"planHash":"` + w.hash(path) + `"}`
	if a := w.do(w.as(ann), "POST", path+"/approve", `{"planHash":"0000"}`); a.status != http.StatusConflict || !strings.Contains(a.raw, "look at it again") {
		t.Errorf("%d %s", a.status, a.raw)
	}
	w.ordered(w.as(ann), path+"/approve", body)
	w.now = w.now.Add(4 * time.Hour)
	if a := w.ordered(w.as(ben), path+"/approve", body); a.text("statusDetail") != "approved; 1 more must approve within 4 hours" {
		t.Errorf("a yes of 4 hours ago counts: %s", a.raw)
	}
	// What was accepted is decided again when it is carried out: the plan may be another one by then.
	w.late = true
	sent := w.do(w.as(ann), "POST", path+"/approve", body)
	o, err := w.face.Operations.Get(t.Context(), strings.TrimPrefix(path, "/remediations/"))
	w.must(err)
	o.Plan.Scope = append(o.Plan.Scope, remedy.Act{Object: "another", Kind: remedy.StepDisable})
	w.must(w.face.Operations.Put(t.Context(), &o))
	w.carryOut()
	if a := w.followed(w.as(ann), sent); a.text("status") != "failed" || !strings.Contains(a.raw, "may have changed") {
		t.Errorf("%s", a.raw)
	}
}

// Respond may be off for a weekend: a yes is as old as it is when somebody hears it.
func TestAYesIsDatedWhenItWasGivenAndNotWhenItIsCarriedOut(t *testing.T) {
	w := newWorld(t)
	guarded, path := w.asked("sp-guarded", "approve"), w.ended()
	w.must(w.switches.Stop(t.Context(), switches.Kill{By: "ann", Why: "drill", Time: w.now.Add(-time.Minute)}))
	w.late = true
	sent := map[string]answer{
		"a plan":   w.do(w.as(ann), "POST", guarded+"/approve", `{"planHash":"`+w.hash(guarded)+`"}`),
		"a tier":   w.do(w.as(ann), "POST", path+"/rotation/approve", `{"tier":1,"planHash":"hash1"}`),
		"a secret": w.do(w.as(ann), "POST", path+"/rotation/resume", `{"target":"random:v/parked"}`),
		"a resume": w.do(w.as(ann), "POST", "/remediations/resume", `{"reason":"over"}`),
	}
	w.now = w.now.Add(3 * time.Hour)
	second := w.do(w.as(ben), "POST", guarded+"/approve", `{"planHash":"`+w.hash(guarded)+`"}`)
	w.now = w.now.Add(time.Hour)
	w.carryOut()
	for name, a := range sent {
		if a := w.followed(w.as(ann), a); a.text("status") != "failed" || !strings.Contains(a.raw, "4 hours") {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	if a := w.followed(w.as(ben), second); a.text("statusDetail") != "approved; 1 more must approve within 4 hours" {
		t.Errorf("%s", a.raw)
	}
	o, err := w.face.Operations.Get(t.Context(), strings.TrimPrefix(guarded, "/remediations/"))
	if err != nil || len(o.Approvals) != 1 || !o.Approvals[0].Time.Equal(w.now.Add(-time.Hour)) {
		t.Errorf("%+v (%v)", o.Approvals, err)
	}
}

func TestAYesToATierIsDatedWhenItWasGiven(t *testing.T) {
	w := newWorld(t)
	path := w.ended() + "/rotation/approve"
	w.late = true
	w.do(w.as(ann), "POST", path, `{"tier":1,"planHash":"hash1"}`)
	said := w.now
	w.now = w.now.Add(3 * time.Hour)
	w.carryOut()
	words, err := w.face.Rotations.Words(t.Context(), "rot-ended")
	if err != nil || len(words) != 1 || !words[0].Time.Equal(said) {
		t.Errorf("%+v (%v)", words, err)
	}
}

func TestARequestThatIsSentTwiceIsOne(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp1", "approve")
	body := `{"planHash":"` + w.hash(path) + `"}`
	first := w.do(w.as(ann), "POST", path+"/approve", body, "Idempotency-Key", "k1")
	again := w.do(w.as(ann), "POST", path+"/approve", body, "Idempotency-Key", "k1") // though by now it runs
	if first.status != http.StatusAccepted || again.status != http.StatusOK || again.text("status") != "succeeded" || first.text("id") != again.text("id") {
		t.Errorf("%d %s, %d %s", first.status, first.raw, again.status, again.raw)
	}
	for _, other := range []string{`{"planHash":"other"}`, strings.TrimSuffix(body, "}") + `,"note":"on second thoughts"}`} {
		if a := w.do(w.as(ann), "POST", path+"/approve", other, "Idempotency-Key", "k1"); a.status != http.StatusConflict || !strings.Contains(a.raw, "send a new key") {
			t.Errorf("%s: %d %s", other, a.status, a.raw)
		}
	}
	w.now = w.now.Add(25 * time.Hour)
	if a := w.do(w.as(ann), "POST", path+"/approve", body, "Idempotency-Key", "k1"); a.status != http.StatusConflict || !strings.Contains(a.raw, "send a new key") {
		t.Errorf("a key of yesterday: %d %s", a.status, a.raw)
	}
	l, err := ledger.Open(t.Context(), w.face.Ledger, strings.TrimPrefix(path, "/remediations/"))
	if err != nil || len(l.Entries()) != 1 {
		t.Errorf("the record has %d entries (%v)", len(l.Entries()), err)
	}
}

// An instance that died between the yes and the end of its order is followed by another one, which finds the yes.
func TestAnOrderThatWasInterruptedIsNotRefusedForWhatItDid(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp1", "approve")
	w.late = true
	sent := w.do(w.as(ann), "POST", path+"/approve", `{"planHash":"`+w.hash(path)+`"}`)
	id := sent.text("id")
	o, err := w.face.Operations.Get(t.Context(), strings.TrimPrefix(path, "/remediations/"))
	w.must(err)
	w.must(o.Approve(remedy.Approval{By: ann, PlanHash: o.PlanHash, Note: "(over HTTP, " + id + ")"}, w.now, w.now))
	w.must(w.face.Operations.Put(t.Context(), &o))
	w.carryOut()
	if a := w.followed(w.as(ann), sent); a.text("status") != "succeeded" {
		t.Errorf("%s", a.raw)
	}
}

func TestUnderTheKillSwitchAYesWaits(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp1", "approve")
	w.must(w.switches.Stop(t.Context(), switches.Kill{By: "ann", Why: "drill", Time: w.now}))
	if a := w.ordered(w.as(ann), path+"/approve", `{"planHash":"`+w.hash(path)+`"}`); !strings.Contains(a.text("statusDetail"), "the kill switch is set") {
		t.Errorf("%s", a.raw)
	}
}

func TestApprovalsOverHTTPCountOnlyWhereTheSettingsSaySo(t *testing.T) {
	w := newWorld(t)
	w.approvals = false
	path := w.asked("sp1", "approve")
	if a := w.ordered(w.as(ann), path+"/approve", `{"planHash":"`+w.hash(path)+`"}`); a.text("status") != "failed" || !strings.Contains(a.raw, "REKEY_HTTP_APPROVALS") {
		t.Errorf("%s", a.raw)
	}
	if a := w.ordered(w.as(ann), path+"/reject", `{"reason":"no"}`); a.text("status") != "succeeded" {
		t.Errorf("a no was refused: %s", a.raw)
	}
	if a := w.ordered(w.as(ann), "/remediations/stop", `{"reason":"drill"}`); a.text("status") != "succeeded" {
		t.Errorf("a stop was refused: %s", a.raw)
	}
	a := w.ordered(w.as(ann), "/remediations/resume", `{"reason":"over"}`) // a yes to everything that stands
	if k, err := w.switches.Kill(t.Context()); err != nil || !k.On || a.text("status") != "failed" || !strings.Contains(a.raw, "rekey resume") {
		t.Errorf("%+v %s (%v)", k, a.raw, err)
	}
}

func TestAPlanIsRejectedAndCancelledWithAReason(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp1", "approve")
	if a := w.do(w.as(ann), "POST", path+"/reject", `{"reason":" "}`); a.status != http.StatusBadRequest || !strings.Contains(a.raw, "Say why") {
		t.Errorf("%d %s", a.status, a.raw)
	}
	w.ordered(w.as(ann), path+"/reject", `{"reason":"it is ours"}`)
	if a := w.do(w.as(ann), "GET", path, ""); a.text("state") != "rejected" || !strings.Contains(a.text("stateDetail"), "it is ours (over HTTP") {
		t.Errorf("%s", a.raw)
	}
	if a := w.do(w.as(ben), "POST", path+"/cancel", `{"reason":"x"}`); a.status != http.StatusConflict || !strings.Contains(a.raw, "rejected already") {
		t.Errorf("%d %s", a.status, a.raw)
	}
	path = w.asked("sp2", "approve")
	w.ordered(w.as(ann), path+"/approve", `{"planHash":"`+w.hash(path)+`"}`)
	if a := w.ordered(w.as(ben), path+"/cancel", `{"reason":"stop"}`); !strings.Contains(a.text("statusDetail"), "cancelled: nothing was changed") {
		t.Errorf("%s", a.raw)
	}
}

func TestAnUndoShowsWhatComesBackAndOpensAnOperationWhenAskedTo(t *testing.T) {
	w := newWorld(t)
	path := w.ended()
	a := w.ordered(w.as(ann), path+"/undo", `{}`)
	for _, want := range []string{"comes back:       federated credential", "cannot come back: client secret", "not there now: 2"} {
		if !strings.Contains(a.raw, want) {
			t.Errorf("%q is not in %s", want, a.raw)
		}
	}
	if !strings.HasSuffix(a.text("resourceLocation"), path) {
		t.Errorf("a look led to %s", a.text("resourceLocation"))
	}
	a = w.ordered(w.as(ann), path+"/undo", `{"apply":true}`)
	_, back, _ := strings.Cut(a.text("resourceLocation"), "/api")
	shown := w.do(w.as(ann), "GET", back, "")
	if !strings.HasPrefix(back, "/remediations/undo-op-ended-") || shown.text("state") != "awaitingApproval" || shown.text("undoes") != "op-ended" {
		t.Fatalf("%s: %s", a.raw, shown.raw)
	}
	if a := w.ordered(w.as(ben), back+"/approve", `{"planHash":"`+w.hash(back)+`"}`); a.text("statusDetail") != "approved; it is carried out now" {
		t.Errorf("%s", a.raw)
	}
	open := w.asked("sp1", "approve")
	if a := w.do(w.as(ann), "POST", open+"/undo", `{}`); a.status != http.StatusConflict || !strings.Contains(a.raw, "has changed nothing") {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestTheRotationOfACaseIsShownAndDecidedAbout(t *testing.T) {
	w := newWorld(t)
	path := w.ended() + "/rotation"
	a := w.do(w.as(ann), "GET", path, "")
	tiers, _ := a.body["tiers"].([]any)
	if a.status != http.StatusOK || len(tiers) != 3 || !strings.Contains(a.raw, `"planHash":"hash1"`) || !strings.Contains(a.raw, "the vault said no") {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	for _, x := range []struct{ call, body string }{
		{"approve", `{"tier":1,"planHash":"hash1"}`}, {"decline", `{"tier":2,"note":"ours"}`}, {"resume", `{"target":"random:v/parked"}`},
	} {
		if a := w.ordered(w.as(ann), path+"/"+x.call, x.body); a.text("status") != "succeeded" || !strings.HasSuffix(a.text("resourceLocation"), path) {
			t.Errorf("%s: %s", x.call, a.raw)
		}
	}
	words, err := w.face.Rotations.Words(t.Context(), "rot-ended")
	if err != nil || len(words) != 3 || words[0].By != ann || !strings.Contains(words[0].Why, "over HTTP") {
		t.Errorf("%+v (%v)", words, err)
	}
	for _, x := range []struct{ call, body, want string }{
		{"approve", `{"tier":1,"planHash":"other"}`, "look at the plan as it is now"}, {"decline", `{"tier":4}`, "the tiers are 1 to 3"},
		{"resume", `{"target":"random:v/read"}`, "it is not parked"},
	} {
		if a := w.do(w.as(ann), "POST", path+"/"+x.call, x.body); a.status != http.StatusConflict || !strings.Contains(a.raw, x.want) {
			t.Errorf("%s: %d %s", x.call, a.status, a.raw)
		}
	}
	if a := w.do(w.as(ann), "GET", w.asked("sp1", "plan")+"/rotation", ""); a.status != http.StatusNotFound || !strings.Contains(a.raw, "when the principal's access is cut") {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

// mute is a bell that does not ring.
type mute struct{}

func (mute) Ring(context.Context, string) error { return fault.Errorf(fault.Transient, "no queue") }

// hear takes in what people said about the rotation, as its executor does.
func (w *world) hear() (heard int) {
	w.t.Helper()
	ctx := w.t.Context()
	words, err := w.face.Rotations.Words(ctx, "rot-ended")
	w.must(err)
	j, err := w.face.Rotations.Get(ctx, "rot-ended")
	w.must(err)
	for _, x := range words {
		if j.Hear(x.ID) {
			heard++
			w.must(x.Apply(j.Journal, w.now))
		}
	}
	w.must(w.face.Rotations.Write(ctx, j, ""))
	for _, x := range words {
		w.must(w.face.Rotations.Drop(ctx, x))
	}
	return heard
}

// The executor may have heard the word, and removed it, before its order is tried again.
func TestAWordIsHeardOnceHoweverOftenItsOrderIsTried(t *testing.T) {
	w := newWorld(t)
	path := w.ended() + "/rotation/"
	for call, body := range map[string]string{"approve": `{"tier":1,"planHash":"hash1"}`, "resume": `{"target":"random:v/parked"}`, "decline": `{"tier":2}`} {
		w.late, w.rotate = true, mute{}
		sent := w.do(w.as(ann), "POST", path+call, body)
		if err := w.runner().Handle(t.Context(), funchost.Message{Text: sent.text("id")}); !errors.Is(err, fault.Transient) {
			t.Fatalf("%s: the ring was not lost: %v", call, err)
		}
		if n := w.hear(); n != 1 {
			t.Errorf("%s: %d words were heard", call, n)
		}
		w.rotate, w.now = &memory.Bell{}, w.now.Add(5*time.Hour) // by then the yes would be too old, and the secret is not parked
		w.carryOut()
		if a := w.followed(w.as(ann), sent); a.text("status") != "succeeded" {
			t.Errorf("%s: %s", call, a.raw)
		}
		if n := w.hear(); n != 0 {
			t.Errorf("%s: it was heard again", call)
		}
	}
	j, err := w.face.Rotations.Get(t.Context(), "rot-ended")
	if err != nil || j.Tiers[0].Allowed != 10 || len(j.Tiers[0].Approvals) != 0 {
		t.Errorf("%+v (%v)", j.Tiers[0], err)
	}
	l, err := ledger.Open(t.Context(), w.face.Ledger, "rot-ended")
	if err != nil || len(l.Entries()) != 3 {
		t.Errorf("%d entries (%v)", len(l.Entries()), err)
	}
}

// An instance that died between the word and the end of its order is followed by another one.
func TestAWordThatWaitsIsNotSaidAgain(t *testing.T) {
	w := newWorld(t)
	path := w.ended() + "/rotation/approve"
	w.late, w.rotate = true, mute{}
	sent := w.do(w.as(ann), "POST", path, `{"tier":1,"planHash":"hash1"}`)
	_ = w.runner().Handle(t.Context(), funchost.Message{Text: sent.text("id")}) // said, and not rung for
	bell := &memory.Bell{}
	w.rotate = bell
	w.carryOut()
	words, err := w.face.Rotations.Words(t.Context(), "rot-ended")
	if err != nil || len(words) != 1 || len(bell.Rung()) != 1 {
		t.Errorf("%d words, rung for %v (%v)", len(words), bell.Rung(), err)
	}
}

func TestRemediationsAreListedTheNewestFirstByPages(t *testing.T) {
	w := newWorld(t)
	var want []string
	for _, p := range []string{"sp1", "sp2", "sp3", "sp4", "sp5"} {
		w.now = w.now.Add(time.Second)
		want = append([]string{strings.TrimPrefix(w.asked(p, "approve"), "/remediations/")}, want...)
	}
	w.ordered(w.as(ann), "/remediations/"+want[1]+"/reject", `{"reason":"no"}`)
	ids := func(path string) (out []string) {
		for path != "" {
			a := w.do(w.as(ann), "GET", path, "")
			if a.status != http.StatusOK {
				t.Fatalf("%s: %d %s", path, a.status, a.raw)
			}
			for _, v := range a.body["value"].([]any) {
				out = append(out, v.(map[string]any)["id"].(string))
			}
			_, path, _ = strings.Cut(a.text("@odata.nextLink"), "/api")
		}
		return out
	}
	if got := ids("/remediations?$top=2"); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%v, want %v", got, want)
	}
	if got := ids("/remediations?$top=1&$filter=state eq 'rejected'"); len(got) != 1 || got[0] != want[1] {
		t.Errorf("rejected: %v", got)
	}
	for _, q := range []string{"$top=1000", "$filter=state eq 'eaten'", "$filter=reason eq 'x'", "$orderby=state", "$skiptoken=x", "$count=true", "x=1"} {
		if a := w.do(w.as(ann), "GET", "/remediations?"+q, ""); a.status != http.StatusBadRequest || a.text("error", "message") == "" {
			t.Errorf("%s: %d %s", q, a.status, a.raw)
		}
	}
}

func TestARemediationIsTextForPeopleWhoAskForIt(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp1", "approve")
	for accept, text := range map[string]bool{"text/plain": true, "application/json": false, "": false, "*/*, text/plain": false, "text/html, text/plain;q=0.9": true} {
		a := w.do(w.as(ann), "GET", path, "", "Accept", accept)
		if strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") != text || text && !strings.Contains(a.raw, "Operation op-") {
			t.Errorf("%q: %s\n%s", accept, a.header.Get("Content-Type"), a.raw)
		}
	}
}

func TestWhatIsWrongWithARequestIsSaidAtOnce(t *testing.T) {
	w := newWorld(t)
	path := w.asked("sp1", "approve")
	for name, tt := range map[string]struct {
		path, body string
		status     int
		want       string
	}{
		"nobody is named":              {"/remediations", `{}`, 400, "0 principals are named"},
		"two are named":                {"/remediations", `{"appId":"a","servicePrincipalId":"b"}`, 400, "2 principals are named"},
		"a mode that is none":          {"/remediations", `{"appId":"a","mode":"burn"}`, 400, "plan, approve, contain or evict"},
		"no reason for more than that": {"/remediations", `{"appId":"a","mode":"evict"}`, 400, "Say why"},
		"an id that is none":           {"/remediations", `{"servicePrincipalId":"../x"}`, 400, "no object id"},
		"a detection that is not":      {"/remediations", `{"detectionId":"none"}`, 404, "no such detection"},
		"a property that is none":      {"/remediations", `{"appId":"a","why":"x"}`, 400, `unknown field "why"`},
		"no JSON":                      {"/remediations", `x`, 400, "JSON"},
		"a remediation that is not":    {"/remediations/op-none/approve", `{"planHash":"x"}`, 404, "GET /api/remediations lists them"},
		"no hash":                      {path + "/approve", `{}`, 400, "planHash is missing"},
		"a key that is too long":       {path + "/reject", `{"reason":"` + strings.Repeat("x", 1100) + `"}`, 400, "too long"},
	} {
		a := w.do(w.as(ann), "POST", tt.path, tt.body)
		if a.status != tt.status || !strings.Contains(a.text("error", "message"), tt.want) || a.text("error", "code") == "" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	for _, id := range []string{"op-none", "rot-ended", "%2e%2e"} {
		if a := w.do(w.as(ann), "GET", "/remediations/"+id, ""); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", id, a.status, a.raw)
		}
	}
}
