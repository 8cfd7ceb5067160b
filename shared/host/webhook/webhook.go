// Package webhook delivers signed JSON to an address that the settings or a subscriber name: only https, only hosts that the
// settings list, no redirects, and for a subscriber's address only what is on the Internet (see Public).
//
// A delivery has the headers
//
//	Rekey-Id: the same id for the same content, however often it is delivered
//	Rekey-Signature: t=<Unix seconds>,v1=<hex of HMAC-SHA256(key, t + "." + body)>
//
// The receiver computes the signature from the bytes it got, compares in constant time, and refuses a time more than five
// minutes away. Addresses of webhooks are secrets: errors name the host and nothing else of it.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"rekey/shared/fault"
)

// Headers of a delivery.
const (
	HeaderID        = "Rekey-Id"
	HeaderSignature = "Rekey-Signature"
)

// minKey is how many bytes a signing key has at least.
const minKey = 16

// Config says where to.
type Config struct {
	URL       string
	Key       []byte            // signs; at least 16 bytes
	Hosts     []string          // that may be called, like hooks.contoso.com; *.contoso.com is every host below contoso.com
	Transport http.RoundTripper // nil: the default
	Tries     int               // default 4
	Pause     time.Duration     // before the second try; doubles; default 500 ms
	Timeout   time.Duration     // of one try; default 5 s
	Now       func() time.Time  // default time.Now
}

// Client delivers to one address.
type Client struct {
	Config
	client *http.Client
	host   string
}

// Check looks at an address, and returns its host. The error says what is allowed, and repeats nothing of the address but its host.
func Check(address string, hosts []string) (string, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return "", fault.Errorf(fault.Denied, "the address is no URL")
	case u.Scheme != "https":
		return "", fault.Errorf(fault.Denied, "the address on %s is not https", u.Hostname())
	case u.User != nil:
		return "", fault.Errorf(fault.Denied, "the address on %s has a user name in it", u.Hostname())
	case !Listed(hosts, u.Hostname()):
		return "", fault.Errorf(fault.Denied, "host %s is not on the list of allowed hosts", u.Hostname())
	}
	return u.Hostname(), nil
}

// New checks the address and the key.
func New(c Config) (*Client, error) {
	host, err := Check(c.URL, c.Hosts)
	if err != nil {
		return nil, err
	}
	if len(c.Key) < minKey {
		return nil, fault.Errorf(fault.Denied, "the signing key has fewer than %d bytes", minKey)
	}
	c.defaults()
	return &Client{Config: c, host: host, client: &http.Client{
		Transport: c.Transport, Timeout: c.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (c *Config) defaults() {
	if c.Tries == 0 {
		c.Tries = 4
	}
	if c.Pause == 0 {
		c.Pause = 500 * time.Millisecond
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// Post delivers a value. Network errors, 429 and 5xx are tried again; another refusal is an error of kind fault.Denied.
func (c *Client) Post(ctx context.Context, id string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	for try, pause := 1, c.Pause; ; try, pause = try+1, 2*pause {
		err = c.once(ctx, id, body)
		if err == nil || try >= c.Tries || fault.Kind(err) != fault.Transient {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fault.As(fault.Transient, errors.Join(err, ctx.Err()))
		case <-timer.C:
		}
	}
}

// maxAnswer is how much of an answer is read, to use the connection again.
const maxAnswer = 64 << 10

func (c *Client) once(ctx context.Context, id string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return fault.Errorf(fault.Denied, "calling %s: the address is not usable", c.host)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(HeaderID, id)
	req.Header.Set(HeaderSignature, Sign(c.Key, c.Now(), body))
	resp, err := c.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // u itself prints the address
		}
		if errors.Is(err, errNotPublic) {
			return fault.Errorf(fault.Denied, "calling %s: %w", c.host, errNotPublic)
		}
		return fault.Errorf(fault.Transient, "calling %s: %T", c.host, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode/100 == 2 {
		return nil
	}
	return c.refusal(resp)
}

// Sign returns the signature of a body at a time.
func Sign(key []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, key)
	m.Write([]byte(t + "."))
	m.Write(body)
	return fmt.Sprintf("t=%s,v1=%s", t, hex.EncodeToString(m.Sum(nil)))
}
