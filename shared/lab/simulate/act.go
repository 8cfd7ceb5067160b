package simulate

import "rekey/shared/lab"

// The logs an act can be written to.
const (
	logSignIn uint8 = iota // ServicePrincipalSignInLogs or ManagedIdentitySignInLogs, as the principal is
	logAudit
	logVault
	logGraph
	logARM
	logs
)

// hubs are the streams of the logs.
var hubs = [logs]string{"signins", "auditlogs", "vaultlogs", "graphlogs", "activitylogs"}

// act is one record before it is written down. Times are nanoseconds since 1970.
type act struct {
	at     int64  // delivered
	when   int64  // happened
	out    int64  // written by the log
	issued int64  // when the token was that is used
	serial uint64 // its ids are made from this
	token  uint64 // serial of the sign-in whose token is used; of an audit record: of the one it belongs to
	from   address
	truth  lab.Truth
	who    int32 // principal, or none
	key    int32
	entry  int32 // audit
	code   int32 // sign-in: error; else HTTP status
	client int16
	to     int16 // resource
	log    uint8
	what   uint8 // which call of the log's repertoire
}

// lateness fills in when the log writes an act and when it arrives: most within two to five minutes, none after twelve.
func (a *act) lateness() {
	x := mix(a.serial, 77)
	late := 2*minute + int64(x%uint64(3*minute))
	switch n := x >> 40 % 100; {
	case n < 5:
		late = 20*second + int64(x%uint64(100*second))
	case n >= 93:
		late = 5*minute + int64(x%uint64(6*minute+50*second))
	}
	a.at = a.when + late
	a.out = a.when
	if a.log == logSignIn || a.log == logGraph {
		a.out = a.when + late*9/10/100*100
	}
}

// again is when an act that is delivered twice arrives for the second time, or 0 for the others.
func (a *act) again() int64 {
	if a.truth.Variant > 0 {
		return 0
	}
	x := mix(a.serial, 78)
	if x%1000 >= 30 {
		return 0
	}
	return min(a.at+int64(x>>20%uint64(4*minute)), a.when+12*minute)
}
