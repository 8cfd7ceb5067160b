package rotate_test

import (
	"crypto/hmac"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/handlers/rotate"
	"rekey/shared/host/funchost"
	"rekey/shared/host/webhook"
	plan "rekey/shared/rotate"
)

// heard is a receiver that checks signatures as the package comment of webhook says, and is down for its first deliveries.
type heard struct {
	mu   sync.Mutex
	key  []byte
	now  func() time.Time
	down int
	news map[string]rotate.News // by id
	bad  []string
}

func (h *heard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down > 0 {
		h.down--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	id := r.Header.Get(webhook.HeaderID)
	var n rotate.News
	if err != nil || !hmac.Equal([]byte(r.Header.Get(webhook.HeaderSignature)), []byte(webhook.Sign(h.key, h.now(), body))) {
		h.bad = append(h.bad, "not signed: "+id)
	} else if err := json.Unmarshal(body, &n); err != nil {
		h.bad = append(h.bad, err.Error())
	}
	if old, ok := h.news[id]; ok && old.Target != n.Target {
		h.bad = append(h.bad, "one id for two: "+id)
	}
	h.news[id] = n
}

func TestConsumersAndOwnersAreToldBySignedMessages(t *testing.T) {
	w := build(t, 1, func(w *world, f *furniture) { f.mix(w, 0, 8, 8) })
	at := time.Now()
	h := &heard{key: []byte("0123456789abcdef"), now: func() time.Time { return at }, down: 2, news: map[string]rotate.News{}}
	server := httptest.NewTLSServer(h)
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := webhook.New(webhook.Config{URL: server.URL + "/told?code=s3cret", Key: h.key, Hosts: []string{u.Hostname()}, Transport: server.Client().Transport, Pause: time.Millisecond, Now: h.now})
	if err != nil {
		t.Fatal(err)
	}
	handler := w.instance("one", w.table, func(x *rotate.Config) { x.Tell = c.Post })
	j := w.drive(t, func() error { return handler.Handle(t.Context(), funchost.Message{Text: id}) })
	for _, bad := range h.bad {
		t.Error(bad)
	}
	kinds := map[string]map[string]rotate.News{"newVersion": {}, "ownerAction": {}}
	for id, n := range h.news {
		if kinds[n.Kind] == nil || n.Rotation != j.ID || n.Case != caseID {
			t.Errorf("%s: %+v", id, n)
			continue
		}
		kinds[n.Kind][n.Target] = n
	}
	for _, i := range j.Items {
		told, owner := kinds["newVersion"][i.Key], kinds["ownerAction"][i.Key]
		switch {
		case i.Kind == plan.OwnerAction && (owner.Action == nil || !strings.Contains(owner.Action.Text, "vault-00/")):
			t.Errorf("the owner of %s was told %+v", i.Key, owner)
		case i.Kind != plan.OwnerAction && (len(told.Secrets) == 0 || strings.Count(told.Secrets[0], "/") != 2):
			t.Errorf("the consumers of %s were told %+v", i.Key, told)
		}
	}
	for _, s := range w.secrets {
		for _, v := range w.server(s.vault).Versions(s.name) {
			for id, n := range h.news {
				b, _ := json.Marshal(n)
				if strings.Contains(string(b), v.Value) {
					t.Errorf("%s tells a value of %s", id, s.full())
				}
			}
		}
	}
}
