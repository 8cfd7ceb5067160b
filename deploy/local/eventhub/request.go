package eventhub

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rekey/deploy/local/eventhub/amqp"
)

// Nodes that answer requests.
const (
	nodeCBS        = "$cbs"
	nodeManagement = "$management"
)

// request answers a message to $cbs or $management on the client's link for answers.
func (s *session) request(l *link, whole []byte) error {
	m, err := parse(whole)
	if err != nil {
		return err
	}
	var properties amqp.List
	var application amqp.Map
	var body any
	for rest := m.tail; len(rest) > 0; {
		v, after, err := amqp.Decode(rest)
		if err != nil {
			return err
		}
		d, _ := v.(amqp.Described)
		switch d.Descriptor {
		case uint64(sectionProperties):
			properties, _ = d.Value.(amqp.List)
		case uint64(sectionApplication):
			application, _ = d.Value.(amqp.Map)
		case uint64(sectionValue):
			body = d.Value
		}
		rest = after
	}
	code, description, value := s.answer(l.node, application, body)
	return s.respond(l.node, properties.Text(4), properties.At(0), code, description, value)
}

func (s *session) answer(node string, application amqp.Map, body any) (code int32, description string, value any) {
	operation := amqp.Text(application.Get("operation"))
	switch {
	case node == nodeCBS && operation == "put-token":
		code, description = s.conn.claims.put(amqp.Text(application.Get("type")), amqp.Text(application.Get("name")), amqp.Text(body))
		return code, description, nil
	case node == nodeManagement && operation == "READ":
		return s.properties(application)
	}
	return 400, "unsupported operation " + operation, nil
}

// properties answers $management: a hub's or a partition's properties, in the types the Go client insists on.
func (s *session) properties(application amqp.Map) (int32, string, any) {
	h := s.conn.server.hubs[strings.ToLower(amqp.Text(application.Get("name")))]
	if h == nil {
		return 404, "The messaging entity could not be found.", nil
	}
	if amqp.Text(application.Get("type")) == "com.microsoft:eventhub" {
		ids := make(amqp.Strings, len(h.partitions))
		for i, p := range h.partitions {
			ids[i] = p.id
		}
		return 200, "OK", amqp.Map{
			{Key: "name", Value: h.name}, {Key: "type", Value: "com.microsoft:eventhub"}, {Key: "created_at", Value: h.created},
			{Key: "partition_count", Value: int32(len(ids))}, {Key: "partition_ids", Value: ids}, {Key: "georeplication_factor", Value: int32(1)},
		}
	}
	p := h.partition(amqp.Text(application.Get("partition")))
	if p == nil {
		return 404, "The partition could not be found.", nil
	}
	return 200, "OK", p.properties(h.name)
}

// respond sends an answer over the link that the request named, or the node's only one.
func (s *session) respond(node, replyTo string, id any, code int32, description string, value any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out *link
	for _, l := range s.links {
		if l.receiver && l.node == node && (out == nil || l.replyTo == replyTo) {
			out = l
		}
	}
	if out == nil {
		return errorf("amqp:not-found", "there is no link for the answer of %s", node)
	}
	section := func(b []byte, code uint64, v any) []byte {
		return amqp.Append(b, amqp.Described{Descriptor: code, Value: v})
	}
	b := section(nil, sectionProperties, amqp.List{nil, nil, replyTo, nil, nil, id})
	b = section(b, sectionApplication, amqp.Map{{Key: "status-code", Value: code}, {Key: "status-description", Value: description}})
	out.transfer(section(b, sectionValue, value))
	return nil
}

// claims are what a connection proved it may use. They are only touched by the connection's reader.
type claims struct {
	keys      map[string]string
	verifyJWT func(string) error
	until     map[string]time.Time // by node in lower case
}

// allow reports whether a node is covered by a claim that has not run out.
func (c *claims) allow(node string) bool {
	if c.open() {
		return true
	}
	node = strings.ToLower(node)
	for covered, until := range c.until {
		if until.After(time.Now()) && (covered == "" || node == nodeManagement || node == covered || strings.HasPrefix(node, covered+"/")) {
			return true
		}
	}
	return false
}

// open reports whether no claim is asked for.
func (c *claims) open() bool { return len(c.keys) == 0 && c.verifyJWT == nil }

// put takes a token for an audience, a URI like amqp://host/hub.
func (c *claims) put(kind, audience, token string) (int32, string) {
	until := time.Now().Add(time.Hour)
	switch {
	case c.open():
	case strings.HasSuffix(kind, "sastoken"):
		var problem string
		if until, problem = c.sas(token, audience); problem != "" {
			return 401, problem
		}
	case kind == "jwt" && c.verifyJWT != nil:
		if c.verifyJWT(token) != nil {
			return 401, "InvalidToken: The token is not valid."
		}
	default:
		return 400, "unsupported token type " + kind
	}
	if c.until == nil {
		c.until = map[string]time.Time{}
	}
	c.until[strings.ToLower(address(audience))] = until
	return 202, "Accepted"
}

// sas verifies a shared access signature: HMAC-SHA256 over its scope and expiry, both as they were sent, and that the
// audience lies in the scope.
func (c *claims) sas(token, audience string) (until time.Time, problem string) {
	raw := map[string]string{}
	for field := range strings.SplitSeq(strings.TrimPrefix(token, "SharedAccessSignature "), "&") {
		k, v, _ := strings.Cut(field, "=")
		raw[k] = v
	}
	name, _ := url.QueryUnescape(raw["skn"])
	signature, _ := url.QueryUnescape(raw["sig"])
	key, known := c.keys[name]
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(raw["sr"] + "\n" + raw["se"]))
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !known || !hmac.Equal([]byte(want), []byte(signature)) {
		return until, "InvalidSignature: The token has an invalid signature."
	}
	seconds, err := strconv.ParseInt(raw["se"], 10, 64)
	if until = time.Unix(seconds, 0); err != nil || until.Before(time.Now()) {
		return until, "ExpiredToken: The token is expired."
	}
	scope, _ := url.QueryUnescape(raw["sr"])
	signed, asked := strings.ToLower(address(scope)), strings.ToLower(address(audience))
	if signed != "" && asked != signed && !strings.HasPrefix(asked, signed+"/") {
		return until, "InvalidAudience: The token is for another entity."
	}
	return until, ""
}
