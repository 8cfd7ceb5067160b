package posture_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"rekey/handlers/posture"
	judge "rekey/shared/posture"
)

// zone is what the server of a test knows: aliases, addresses ("A"), and how it fails.
var zone = map[string]string{
	"here.contoso.com.": "A", "alias.contoso.com.": "here.contoso.com.", "shop.contoso.com.": "old.trafficmanager.net.",
	"circle.contoso.com.": "circle.contoso.com.", "broken.contoso.com.": "FAIL", "silent.contoso.com.": "SILENT", "mail.contoso.com.": "EMPTY",
}

// server answers on loopback as zone says, and returns how to dial it and what it was asked for.
func server(t *testing.T) posture.DNS {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if out := answer(buf[:n]); out != nil {
				_, _ = c.WriteTo(out, from)
			}
		}
	}()
	return posture.DNS{Timeout: 300 * time.Millisecond, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", c.LocalAddr().String())
	}}
}

func answer(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Header.Response, m.Header.RecursionAvailable, m.Additionals = true, true, nil
	name := q.Name
	for range 4 {
		head := dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 60}
		switch to := zone[name.String()]; to {
		case "":
			m.Header.RCode = dnsmessage.RCodeNameError
		case "A":
			if q.Type == dnsmessage.TypeA {
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}})
			}
		case "EMPTY":
		case "FAIL":
			m.Header.RCode = dnsmessage.RCodeServerFailure
		case "SILENT":
			return nil
		default:
			next := dnsmessage.MustNewName(to)
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.CNAMEResource{CNAME: next}})
			name = next
			continue
		}
		break
	}
	out, _ := m.Pack()
	return out
}

func TestOnlyAClearAnswerSaysThatANameIsGone(t *testing.T) {
	dns := server(t)
	for host, want := range map[string]judge.Name{
		"here.contoso.com":       {State: judge.Exists},
		"alias.contoso.com":      {State: judge.Exists, Aliases: []string{"here.contoso.com"}},
		"gone.azurewebsites.net": {State: judge.Missing},
		"shop.contoso.com":       {State: judge.Missing, Aliases: []string{"old.trafficmanager.net"}},
		"broken.contoso.com":     {State: judge.Unresolved},
		"silent.contoso.com":     {State: judge.Unresolved},
		"mail.contoso.com":       {State: judge.Unresolved},
		"circle.contoso.com":     {State: judge.Unresolved, Aliases: []string{"circle.contoso.com"}},
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			if got := dns.Lookup(t.Context(), host); got.State != want.State || !slices.Equal(got.Aliases, want.Aliases) {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

func TestALateServerCostsItsTimeAndNoMore(t *testing.T) {
	dns := server(t)
	began := time.Now()
	dns.Lookup(t.Context(), "silent.contoso.com")
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
}
