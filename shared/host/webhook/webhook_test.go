package webhook_test

import (
	"crypto/hmac"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rekey/shared/fault"
	"rekey/shared/host/webhook"
)

var (
	key = []byte("0123456789abcdef0123456789abcdef")
	now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
)

// server answers with the statuses in turn, and 204 after them; it counts and keeps the last request.
type server struct {
	*httptest.Server
	statuses []int
	calls    int
	body     string
	header   http.Header
}

func newServer(t *testing.T, statuses ...int) *server {
	t.Helper()
	s := &server{statuses: statuses}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.body, s.header = string(b), r.Header
		s.calls++
		status := http.StatusNoContent
		if len(s.statuses) > 0 {
			status, s.statuses = s.statuses[0], s.statuses[1:]
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "https://elsewhere.example/")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) client(t *testing.T) *webhook.Client {
	t.Helper()
	c, err := webhook.New(webhook.Config{
		URL: s.URL + "/hook?sig=s3cret", Key: key, Hosts: []string{"127.0.0.1"}, Transport: s.Client().Transport, Pause: time.Millisecond, Tries: 3, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestADeliveryIsSignedAndNamesItsID(t *testing.T) {
	s := newServer(t)
	if err := s.client(t).Post(t.Context(), "page-1", map[string]string{"text": "hello"}); err != nil {
		t.Fatal(err)
	}
	want := webhook.Sign(key, now, []byte(`{"text":"hello"}`))
	if s.body != `{"text":"hello"}` || s.header.Get(webhook.HeaderID) != "page-1" || !hmac.Equal([]byte(s.header.Get(webhook.HeaderSignature)), []byte(want)) {
		t.Errorf("%s with %v", s.body, s.header)
	}
	if other := webhook.Sign(key, now, []byte(`{"text":"hullo"}`)); other == want {
		t.Error("another body has the same signature")
	}
}

func TestWhatIsTriedAgainAndWhatIsNot(t *testing.T) {
	tests := map[string]struct {
		statuses []int
		calls    int
		kind     error
	}{
		"it is down for a moment":    {[]int{503, 429}, 3, nil},
		"it is down":                 {[]int{500, 500, 500, 500}, 3, fault.Transient},
		"it refuses":                 {[]int{401}, 1, fault.Denied},
		"it points somewhere else":   {[]int{302}, 1, fault.Denied},
		"it takes it the first time": {nil, 1, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, tt.statuses...)
			err := s.client(t).Post(t.Context(), "page-1", 1)
			if s.calls != tt.calls || tt.kind == nil && err != nil || tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%d calls, %v", s.calls, err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error tells the address: %v", err)
			}
		})
	}
}

func TestAnAddressThatIsGoneTellsNothingOfItself(t *testing.T) {
	s := newServer(t)
	c := s.client(t)
	s.Close()
	err := c.Post(t.Context(), "page-1", 1)
	if !errors.Is(err, fault.Transient) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "/hook") {
		t.Errorf("got %v", err)
	}
}

func TestOnlyListedHostsOverTLSAreCalled(t *testing.T) {
	tests := map[string]webhook.Config{
		"another host":           {URL: "https://evil.example/x?sig=s3cret", Key: key, Hosts: []string{"hooks.contoso.com"}},
		"no list":                {URL: "https://hooks.contoso.com/x?sig=s3cret", Key: key},
		"a host that ends alike": {URL: "https://evil-hooks.contoso.com/s3cret", Key: key, Hosts: []string{"hooks.contoso.com"}},
		"not TLS":                {URL: "http://hooks.contoso.com/s3cret", Key: key, Hosts: []string{"hooks.contoso.com"}},
		"a user in it":           {URL: "https://a:s3cret@hooks.contoso.com/", Key: key, Hosts: []string{"hooks.contoso.com"}},
		"no URL":                 {URL: "s3cret", Key: key, Hosts: []string{""}},
		"a short key":            {URL: "https://hooks.contoso.com/s3cret", Key: key[:8], Hosts: []string{"hooks.contoso.com"}},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := webhook.New(c); !errors.Is(err, fault.Denied) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := webhook.New(webhook.Config{URL: "https://Hooks.contoso.com:8443/", Key: key, Hosts: []string{" hooks.contoso.com"}}); err != nil {
		t.Error(err)
	}
}
