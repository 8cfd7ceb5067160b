package score

import (
	"rekey/shared/baseline"
	"rekey/shared/event"
)

// Thresholds of the levels, in bits. They were fixed on the benign days of the simulator's tuning seeds (`rekey eval`):
// see docs/detection-model.md for what they cost and catch.
const (
	LowBits    = 4.0
	MediumBits = 6.5
	HighBits   = 9.5
)

const (
	coldStartDays = 3 // with fewer active days a score stays below high: there is little to compare with
	maxBits       = 14.0
	minBits       = 0.05 // less is not worth a word
)

// Odds are two chances of the same thing: that an intruder's event shows it, and that an honest one does.
type Odds struct{ Intruder, Honest float64 }

// weights are what the model assumes about intruders, and about honest life where the fleet does not tell. A chance is
// that of one day with at least one sign-in.
type weights struct {
	// Intruder is the chance that an intruder's first visit shows a new value of a property.
	Intruder [baseline.Properties]float64
	// Near is the chance that an intruder hides in a network the principal uses: at another prefix or address of it.
	Near [baseline.Properties]float64

	ForeignNetwork float64 // bits more for a network or country that nobody else in the fleet uses
	ForeignClient  float64 // bits more for a client or resource that nobody else uses
	Drift          float64 // how much of a fleet's recent adoption counts as the honest chance of the same value

	// HostingGivenMove, by the new class, and CountryGivenMove are the odds that a new network is of another class or
	// in another country.
	HostingGivenMove [event.HostingOwn + 1]Odds
	CountryGivenMove Odds
	// ClientGivenMove and CredentialGivenMove are the odds that a sign-in from a new network which the tenant uses
	// elsewhere shows a new client or credential: a workload that is moved is often rebuilt, too.
	ClientGivenMove     Odds
	CredentialGivenMove Odds
	// ClientGivenRegion is the same for another part of a known network, CredentialGivenClient the odds that another
	// client comes with another credential: the workload was rebuilt in place.
	ClientGivenRegion     Odds
	CredentialGivenClient Odds

	Weekend     Odds    // first weekend of a principal that works on weekdays
	Silence     Odds    // first sign-in after a day of silence; the honest chance falls with the number of silent days
	SilenceDays float64 // how many active days the honest chance of a silence is worth against the principal's own habit

	Parallel  Odds // the known network is at work on the same day as the new one
	Afterward Odds // and on the day after
	Overlap   Odds // and on the day after, when the new network is one the tenant uses elsewhere: moves overlap
	Failures  Odds // failures from the same address shortly before
	Fresh     Odds // the credential was added within the last week, given that it is new and used from a new network
	Surge     Odds // a day or hour two and a half times as busy as any before; the honest chance falls the busier it is
	Burst     Odds // three new resources within ten minutes, given three in a day

	Elsewhere     Odds // activity from a new network in which nobody signed in, given the new network
	FirstActivity Odds // the first activity comes from a network in which the principal never signed in

	Company Odds // another principal is new from the same address
	Tried   Odds // the address failed for three applications
}

// assumed are the shipped weights.
var assumed = weights{
	Intruder: [baseline.Properties]float64{
		baseline.Prefix: .3, baseline.ASN: .06, baseline.Hosting: .3, baseline.Country: .035,
		baseline.Resource: .5, baseline.AgentFamily: .4, baseline.Agent: .03, baseline.Library: .5,
		baseline.CredentialType: .03, baseline.CredentialClass: .012, baseline.CredentialKey: .006, baseline.HourBlock: .05,
		baseline.ActivityPrefix: .9, baseline.ActivityASN: .9,
	},
	Near:           [baseline.Properties]float64{baseline.Prefix: .2, baseline.Address: .05},
	ForeignNetwork: 3.5, ForeignClient: 1, Drift: 1,
	HostingGivenMove: [event.HostingOwn + 1]Odds{
		event.HostingDatacenter: {.5, .3}, event.HostingOrdinary: {.3, .12}, event.HostingAnonymizer: {.5, .04},
	},
	CountryGivenMove: Odds{.7, .6}, ClientGivenMove: Odds{.6, .45}, CredentialGivenMove: Odds{.3, .1},
	ClientGivenRegion: Odds{.6, .2}, CredentialGivenClient: Odds{.2, .1},
	Weekend: Odds{.1, .02}, Silence: Odds{.08, .05}, SilenceDays: 6,
	Parallel: Odds{.9, .6}, Afterward: Odds{.9, .25}, Overlap: Odds{.9, .8}, Failures: Odds{.1, .005}, Fresh: Odds{.9, .4}, Surge: Odds{.12, .003}, Burst: Odds{.5, .01},
	Elsewhere: Odds{.6, .01}, FirstActivity: Odds{.5, .005},
	Company: Odds{.3, .06}, Tried: Odds{.5, .01},
}
