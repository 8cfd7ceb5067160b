package subscription_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/shared/fault"
	"rekey/shared/notice"
	"rekey/shared/subscription"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

const callback = "https://prod-03.westeurope.logic.azure.com:443/workflows/0a/triggers/Notice/run?sig=s3cret"

func subscribe(t *testing.T, r subscription.Request) subscription.Subscription {
	t.Helper()
	r.Callback = callback
	s, err := subscription.New(r, "o1", "application c1 (o1)", "key", now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARequestThatIsWrongIsRefusedAndItsAddressIsNotTold(t *testing.T) {
	at := func(d time.Duration) *time.Time { x := now.Add(d); return &x }
	for name, tt := range map[string]struct {
		request subscription.Request
		want    string
	}{
		"no address":                  {subscription.Request{}, "callbackUrl is missing"},
		"a long address":              {subscription.Request{Callback: callback + strings.Repeat("x", 5000)}, "more than 4096 bytes"},
		"a level that there is not":   {subscription.Request{Callback: callback, Filter: subscription.Filter{Level: "critical"}}, "low, medium or high"},
		"a type that there is not":    {subscription.Request{Callback: callback, Filter: subscription.Filter{Types: []string{"all"}}}, notice.DetectionRaised},
		"a long filter":               {subscription.Request{Callback: callback, Filter: subscription.Filter{States: slices.Repeat([]string{"done"}, 33)}}, "too long"},
		"waiting for nothing":         {subscription.Request{Callback: callback, Once: true}, "remediationId"},
		"an end in the past":          {subscription.Request{Callback: callback, Expires: at(-time.Second)}, "in the future"},
		"an end that is no end":       {subscription.Request{Callback: callback, Expires: at(4 * 365 * 24 * time.Hour)}, "within three years"},
		"a principal that is no id":   {subscription.Request{Callback: callback, Filter: subscription.Filter{Principal: strings.Repeat("x", 201)}}, "too long"},
		"a remediation that is no id": {subscription.Request{Callback: callback, Filter: subscription.Filter{Remediation: strings.Repeat("x", 201)}}, "too long"},
	} {
		_, err := subscription.New(tt.request, "o1", "by", "key", now)
		if !errors.Is(err, fault.Poison) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSameCallbackOfTheSameOwnerIsOneSubscription(t *testing.T) {
	id := subscription.ID("o1", callback)
	if id != subscription.ID("o1", callback) || id == subscription.ID("o2", callback) || id == subscription.ID("o1", callback+"x") || strings.Contains(id, "s3cret") {
		t.Error(id)
	}
	s := subscribe(t, subscription.Request{Filter: subscription.Filter{Principal: "SP1"}})
	for name, tt := range map[string]struct {
		request subscription.Request
		same    bool
	}{
		"the same in other letters": {subscription.Request{Filter: subscription.Filter{Principal: "sp1"}}, true},
		"another principal":         {subscription.Request{Filter: subscription.Filter{Principal: "sp2"}}, false},
		"once":                      {subscription.Request{Filter: subscription.Filter{Principal: "sp1"}, Once: true}, false},
		"an end":                    {subscription.Request{Filter: subscription.Filter{Principal: "sp1"}, Expires: &now}, false},
	} {
		if s.Same(tt.request) != tt.same {
			t.Errorf("%s: %v", name, !tt.same)
		}
	}
}

func TestOfAnAddressOnlyWhatIsNoSecretIsShown(t *testing.T) {
	for address, want := range map[string]string{
		callback:                                "prod-03.westeurope.logic.azure.com:443/workflows/0a/triggers/Notice/run",
		"https://hooks.contoso.com/T0/s3cret":   "hooks.contoso.com",
		"https://x.logic.azure.evil.com/s3cret": "x.logic.azure.evil.com",
		"https://%zz/s3cret":                    "",
	} {
		if got := subscription.Shown(address); got != want || strings.Contains(got, "s3cret") {
			t.Errorf("%s is shown as %s", address, got)
		}
	}
}

func TestFiltersLetThroughWhatIsWanted(t *testing.T) {
	detection := func(level string) notice.Notice {
		return notice.Notice{Type: notice.DetectionRaised, Time: now, Data: notice.Detection{ID: "d1", Principal: notice.Principal{ID: "SP1"}, RiskLevel: level}}
	}
	operation := func(state string) notice.Notice {
		return notice.Notice{Type: notice.OperationMoved, Time: now, Data: notice.Operation{ID: "op-1", Principal: notice.Principal{ID: "sp1"}, State: state}}
	}
	rotation := notice.Notice{Type: notice.RotationMoved, Time: now, Data: notice.Rotation{ID: "rot-1", Principal: notice.Principal{ID: "sp2"}, State: "running"}}
	old := operation("done")
	old.Time = now.Add(-72 * time.Hour)
	for name, tt := range map[string]struct {
		request subscription.Request
		n       notice.Notice
		want    bool
	}{
		"everything":                            {subscription.Request{}, detection("low"), true},
		"what was long before":                  {subscription.Request{}, old, false},
		"what was long before, for who waits":   {subscription.Request{Once: true, Filter: subscription.Filter{Remediation: "op-1"}}, old, true},
		"another type":                          {subscription.Request{Filter: subscription.Filter{Types: []string{notice.OperationMoved}}}, detection("high"), false},
		"too low":                               {subscription.Request{Filter: subscription.Filter{Level: "medium"}}, detection("low"), false},
		"high enough":                           {subscription.Request{Filter: subscription.Filter{Level: "medium"}}, detection("high"), true},
		"a level holds no state back":           {subscription.Request{Filter: subscription.Filter{Level: "high"}}, operation("done"), true},
		"its principal":                         {subscription.Request{Filter: subscription.Filter{Principal: "sP1"}}, detection("low"), true},
		"another principal":                     {subscription.Request{Filter: subscription.Filter{Principal: "sp1"}}, rotation, false},
		"its remediation":                       {subscription.Request{Filter: subscription.Filter{Remediation: "ROT-1"}}, rotation, true},
		"another remediation":                   {subscription.Request{Filter: subscription.Filter{Remediation: "op-1"}}, rotation, false},
		"another state":                         {subscription.Request{Filter: subscription.Filter{States: []string{"failed"}}}, operation("done"), false},
		"states hold no detection back":         {subscription.Request{Filter: subscription.Filter{States: []string{"failed"}}}, detection("low"), true},
		"who waits is not woken on the way":     {subscription.Request{Once: true, Filter: subscription.Filter{Remediation: "rot-1"}}, rotation, false},
		"who waits for that is":                 {subscription.Request{Once: true, Filter: subscription.Filter{Remediation: "rot-1", States: []string{"running"}}}, rotation, true},
		"data of a kind that is not known here": {subscription.Request{Filter: subscription.Filter{Principal: "sp1"}}, notice.Notice{Time: now, Data: 1}, false},
	} {
		s := subscribe(t, tt.request)
		if got := s.Wants(tt.n); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOneThatExpiredOrIsOfANewerProgramIsNotWorkedWith(t *testing.T) {
	end := now.Add(time.Hour)
	s := subscribe(t, subscription.Request{Expires: &end})
	if s.Expired(end.Add(-1)) || !s.Expired(end) {
		t.Error("it ends at another time")
	}
	if s.Readable() != nil {
		t.Error("its own version is not readable")
	}
	if s.Version++; !errors.Is(s.Readable(), fault.Denied) {
		t.Error("a newer version is readable")
	}
}

func TestPausesGrowToAQuarterOfAnHourAndEndWhenSomethingArrives(t *testing.T) {
	var p subscription.Progress
	var pauses []time.Duration
	at := now
	for range 10 {
		p.Failed("calling x: status 503", 0, at)
		pauses = append(pauses, p.Next.Sub(at))
		if !p.Resting(p.Next.Add(-1)) || p.Resting(p.Next) {
			t.Error("it does not rest until then")
		}
		at = p.Next
	}
	if want := "[10s 20s 40s 1m20s 2m40s 5m20s 10m40s 15m0s 15m0s 15m0s]"; fmt.Sprint(pauses) != want || p.Failing != now {
		t.Errorf("%v since %v", pauses, p.Failing)
	}
	p.Arrived(at)
	if p.Failures != 0 || p.Error != "" || p.Resting(at) || !p.Failing.IsZero() || p.Last != at {
		t.Errorf("%+v", p)
	}
	for after, want := range map[time.Duration]time.Duration{time.Second: 10 * time.Second, time.Minute: time.Minute, 5 * time.Hour: time.Hour} {
		p = subscription.Progress{}
		if p.Failed("", after, now); p.Next.Sub(now) != want {
			t.Errorf("asked to wait %s, it waits %s", after, p.Next.Sub(now))
		}
	}
}

func TestOneInstanceDeliversAtATimeUntilItFallsSilent(t *testing.T) {
	var p subscription.Progress
	if !p.Acquire("one", now, time.Minute) || p.Acquire("two", now.Add(59*time.Second), time.Minute) || !p.Acquire("one", now.Add(59*time.Second), time.Minute) {
		t.Error("two deliver")
	}
	if !p.Acquire("two", now.Add(119*time.Second), time.Minute) || p.Lease.Owner != "two" {
		t.Error("nobody delivers")
	}
}

func TestASubscriptionThatIsMadeAnewBeginsAnewButKeepsItsDeadLetters(t *testing.T) {
	s := subscribe(t, subscription.Request{})
	p := subscription.Progress{Since: now, Dead: 2}
	p.End("the callback is gone: it answered 404", now)
	if got := p.Of(s); got != p {
		t.Errorf("%+v", got)
	}
	s.Created = now.Add(time.Hour)
	if got := p.Of(s); !got.Ended.IsZero() || got.Why != "" || got.Dead != 2 || got.Since != s.Created {
		t.Errorf("%+v", got)
	}
}
