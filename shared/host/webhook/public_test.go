package webhook_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rekey/shared/fault"
	"rekey/shared/host/webhook"
)

func TestAHostIsListedByItsNameOrBelowOne(t *testing.T) {
	list := []string{" hooks.contoso.com", "*.Logic.azure.com"}
	for host, want := range map[string]bool{
		"hooks.contoso.com": true, "prod-03.westus.logic.azure.com": true, "PROD-03.westus.LOGIC.azure.com": true,
		"logic.azure.com": false, "evillogic.azure.com": false, "logic.azure.com.evil.example": false, "x.hooks.contoso.com": false, "": false, ".logic.azure.com": false,
	} {
		if got := webhook.Listed(list, host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
	if webhook.Listed([]string{"", "*.", "*"}, "evil.example") {
		t.Error("an entry that names nothing lists everything")
	}
}

// Every address here is tried for real, by number: none may be connected to, whatever its form.
func TestOnlyPublicAddressesAreConnectedTo(t *testing.T) {
	reached := false
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer s.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "https://"), ":")
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]",
		"168.63.129.16", "100.64.0.1", "224.0.0.1", "255.255.255.255", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "198.18.0.1",
	} {
		c, err := webhook.New(webhook.Config{
			URL: "https://" + host + ":" + port + "/?sig=s3cret", Key: key, Hosts: []string{strings.Trim(host, "[]")}, Transport: webhook.Public(), Tries: 1, Timeout: time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Post(t.Context(), "n", 1); !errors.Is(err, fault.Denied) || !strings.Contains(err.Error(), "not public") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", host, err)
		}
	}
	if reached {
		t.Error("the server was reached")
	}
}

func TestARefusalTellsItsStatusAndWhenToComeAgain(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"17": 17 * time.Second, "": 0, "-1": 0, "soon": 0, now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		c, err := webhook.New(webhook.Config{
			URL: s.URL, Key: key, Hosts: []string{"127.0.0.1"}, Transport: s.Client().Transport, Tries: 1, Now: func() time.Time { return now },
		})
		if err != nil {
			t.Fatal(err)
		}
		var r *webhook.Refusal
		if err := c.Post(t.Context(), "n", 1); !errors.As(err, &r) || !errors.Is(err, fault.Transient) || r.Status != http.StatusTooManyRequests || r.After != want {
			t.Errorf("%q: %v %+v", header, err, r)
		}
		s.Close()
	}
}
