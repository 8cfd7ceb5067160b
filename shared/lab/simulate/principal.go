package simulate

import (
	"math"
	"time"

	"rekey/shared/lab"
)

// Principal is one workload identity and all that it will ever do of its own accord.
type Principal struct {
	ObjectID string
	AppID    string
	Name     string
	Kind     string
	Born     time.Time // first day on which it can be seen

	application string // object id of the application
	shape       shape
	zone        int64   // local time less UTC, in nanoseconds
	rate        int     // sign-ins a day
	slots       []int64 // local times of day at which a job runs
	workdays    bool    // nothing on Saturday and Sunday
	period      int     // days between two runs of a rare job
	offset      int
	until       int64 // when it falls silent

	stays    []stay
	versions []version
	held     []held
	uses     []use
	outages  []outage
	rests    outage // a time of doing nothing
	egress   egress
	vault    int
	born     int32 // number of the change, or None
}

// always is a time after every run.
const always = int64(math.MaxInt64)

// shape is what the tenant's exporter writes of a principal's sign-ins; see the counts in the reference of the logs.
type shape struct {
	bare  bool // 2 in 11: as in 2021, no library, no key, no token
	rich  bool // 2 in 11: as since 2025, with a user agent
	typed bool // half of those: with the credential type
	asn   bool // 1 in 11: with the autonomous system
	us    bool // export time in the American format
	old   bool // the token id says nothing but the record's own id
}

func newShape(d dice) shape {
	n := d.IntN(11)
	s := shape{bare: n < 2, rich: n > 8, typed: n == 10, asn: d.IntN(11) == 0, us: d.chance(30)}
	s.old = !s.bare && !s.rich && d.chance(250)
	return s
}

// stay is a time that a principal calls from a site.
type stay struct {
	from, until int64
	weight      int
	site        int16
	fresh       fresh
	machines    []address
	change      int32
}

// fresh says how an address is found.
type fresh uint8

const (
	fixed   fresh = iota // one of the machines
	each                 // a new one each time
	dynamic              // a new one every nine days, as home lines get
)

// version is the client that a principal has from a time on.
type version struct {
	from   int64
	client int16
	change int32
}

// held is the time that a credential is used.
type held struct {
	from, until int64
	key         int32
	change      int32
}

// use is a resource that a principal needs from a time on.
type use struct {
	from     int64
	weight   int
	resource int16
	change   int32
}

// outage is a time of failing: of every sign-in, or of one in some.
type outage struct {
	from, until int64
	code        int32
	one         int
}

// egress says by which address calls to resources leave, next to the one that signs in.
type egress uint8

const (
	same      egress = iota
	dualStack        // by IPv6 or IPv4, as it happens
	poolOfNAT        // by one of eight addresses of a translator
)

// managed reports whether the platform holds the principal's key.
func (p *Principal) managed() bool { return p.Kind == ManagedIdentity }

// alive reports whether the principal is about its business at a time.
func (p *Principal) alive(when int64) bool { return p.Born.UnixNano() <= when && when < p.until }

// none is the number of no change.
const none = int32(lab.None)
