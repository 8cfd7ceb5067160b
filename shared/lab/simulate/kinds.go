package simulate

// Kinds of attack.
const (
	VPNTool              = "vpnTool"                 // a VPN and a common tool
	SameCloudTool        = "sameCloudTool"           // another machine of the principal's own cloud, a common tool
	VPNMimicked          = "vpnMimicked"             // a VPN, the principal's own user agent and library
	SameCloudNewResource = "sameCloudNewResource"    // cloud, country and client are right; machine and resource are new
	CompromisedHost      = "compromisedHost"         // the right address; a new resource, another hour, or both
	BackdoorCredential   = "backdoorCredential"      // a credential added through the directory, then used from elsewhere
	ResidentialProxy     = "residentialProxy"        // a home connection in the principal's own country
	SlowPoisoning        = "slowPoisoning"           // failures first, then one sign-in a day from one foreign place
	BurstFromSamePlace   = "burstFromSamePlace"      // the right place, several times the usual volume in an hour
	TokenReplay          = "tokenReplay"             // no sign-in: a genuine token used from another address
	DormantRevived       = "dormantRevived"          // silent for 25 days, then back from a plausible other place
	TwoPrincipalsOneAddr = "twoPrincipalsOneAddress" // two principals, one new address
	BackdoorFederated    = "backdoorFederated"       // a federated credential added through the directory, then used
	InsideDrift          = "insideDrift"             // the client and the resource that the fleet takes up these days
	Campaign             = "campaign"                // three principals in turn, same tool, other addresses of one provider
	Adaptive             = "adaptive"                // the ways open to an intruder who knows the detector, as probes
)

const (
	attackedAtMost        = .01 // more would change what is normal
	variantsOfTheAdaptive = 24
)

// Attacks lists all kinds of attack.
var Attacks = []string{
	VPNTool, SameCloudTool, VPNMimicked, SameCloudNewResource, CompromisedHost, BackdoorCredential, ResidentialProxy,
	SlowPoisoning, BurstFromSamePlace, TokenReplay, DormantRevived, TwoPrincipalsOneAddr, BackdoorFederated, InsideDrift,
	Campaign, Adaptive,
}

// Kinds of benign change.
const (
	Migration      = "migration"      // to another network, region or cloud, sometimes with a new credential and library
	NewResource    = "newResource"    // one principal takes up a resource
	KeyRotation    = "keyRotation"    // a new key, announced by an audit record, and the old one ends
	LibraryRollout = "libraryRollout" // a version bump that goes through the fleet in days
	LibraryFamily  = "libraryFamily"  // a roll-out that replaces the library by another
	Failover       = "failover"       // to a second region and back
	Born           = "born"           // a new principal
	NewMachine     = "newMachine"     // one more machine in the same network
	FleetResource  = "fleetResource"  // a resource that a part of the fleet takes up
	Modernisation  = "modernisation"  // from a secret to a certificate or a federated credential
)

// Changes lists all kinds of benign change.
var Changes = []string{
	Migration, NewResource, KeyRotation, LibraryRollout, LibraryFamily, Failover, Born, NewMachine, FleetResource, Modernisation,
}

// Kinds of principal.
const (
	Job             = "job"             // at fixed hours from fixed machines
	Daemon          = "daemon"          // around the clock from fixed machines
	Pool            = "ciPool"          // a new address nearly every run, mostly in office hours
	Person          = "person"          // somebody with terraform: irregular, at the office, at home, on the road
	Rare            = "rareJob"         // once a week or once a month
	ManagedIdentity = "managedIdentity" // its sign-ins show no address, its activity does
	MultiRegion     = "multiRegion"     // a service in two regions that fails over
)
