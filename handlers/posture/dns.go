package posture

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"rekey/shared/posture"
)

// DNS asks the domain name system, through the servers that the machine is set to use.
type DNS struct {
	Timeout time.Duration                                                        // for one name; default 2 s
	Dial    func(ctx context.Context, network, address string) (net.Conn, error) // nil: the ordinary one
}

// Lookup says whether a name exists, and which aliases it leads to. Whatever is no clear answer is Unresolved: a server
// that fails or is late, and a name that exists without an address.
//
// The resolver of the standard library does not tell aliases that end nowhere, and they are what matters here: whose
// trafficmanager.net name it was that is free now. So what its servers answer is read on the way.
func (d DNS) Lookup(ctx context.Context, host string) posture.Name {
	timeout := d.Timeout
	if timeout == 0 {
		timeout = 2 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var heard answers
	r := net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		return d.dial(ctx, &heard, network, address)
	}}
	found, err := r.LookupHost(ctx, host+".") // the dot: this name and none below the machine's own domain
	name := posture.Name{Aliases: heard.from(host)}
	var failed *net.DNSError
	switch {
	case err == nil && len(found) > 0:
		name.State = posture.Exists
	case errors.As(err, &failed) && failed.IsNotFound && !failed.IsTimeout && heard.missing():
		name.State = posture.Missing
	}
	return name
}

func (d DNS) dial(ctx context.Context, heard *answers, network, address string) (net.Conn, error) {
	dial := d.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	c, err := dial(ctx, network, address)
	if udp, ok := c.(*net.UDPConn); ok && err == nil {
		return &listening{udp, heard}, nil
	}
	return c, err // over TCP nothing is heard: a name is not called missing then
}

// listening is a connection whose datagrams are read on the way.
type listening struct {
	*net.UDPConn
	heard *answers
}

// Read implements net.Conn.
func (l *listening) Read(b []byte) (int, error) {
	n, err := l.UDPConn.Read(b)
	if err == nil {
		l.heard.add(b[:n])
	}
	return n, err
}

// answers are what servers said about one name.
type answers struct {
	mu        sync.Mutex
	nowhere   bool              // one said that the name, or where it leads, does not exist
	otherwise bool              // one said something else
	alias     map[string]string // in lower case, without the last dot
}

// add reads a message of a server's. What cannot be read is left to the resolver, which says so.
func (a *answers) add(message []byte) {
	var p dnsmessage.Parser
	head, err := p.Start(message)
	if err != nil || !head.Response || p.SkipAllQuestions() != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if head.RCode == dnsmessage.RCodeNameError {
		a.nowhere = true
	} else {
		a.otherwise = true
	}
	for {
		h, err := p.AnswerHeader()
		if err != nil {
			return
		}
		if h.Type != dnsmessage.TypeCNAME {
			if p.SkipAnswer() != nil {
				return
			}
			continue
		}
		r, err := p.CNAMEResource()
		if err != nil {
			return
		}
		if a.alias == nil {
			a.alias = map[string]string{}
		}
		a.alias[plain(h.Name)] = plain(r.CNAME)
	}
}

func plain(n dnsmessage.Name) string { return strings.ToLower(strings.TrimSuffix(n.String(), ".")) }

// missing reports whether all that was said is that the name does not exist.
func (a *answers) missing() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.nowhere && !a.otherwise
}

// maxAliases bounds a chain of aliases, which may be a circle.
const maxAliases = 8

// from follows the aliases of a name.
func (a *answers) from(name string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for next, ok := a.alias[name]; ok && len(out) < maxAliases && !slices.Contains(out, next); next, ok = a.alias[next] {
		out = append(out, next)
	}
	return out
}
