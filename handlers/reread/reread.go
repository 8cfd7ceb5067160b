// Package reread reads suspicious sign-ins again from Microsoft Graph: whoever may write to an event hub can put records there
// that never happened, and have production evicted. What Graph shows was written by Entra.
package reread

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"rekey/shared/azure/graph"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/detect"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/score"
)

// Reader reads sign-ins again.
type Reader struct {
	SignIn func(ctx context.Context, id string) (graph.SignIn, error)
}

// most is how many sign-ins are read: the ones that the level comes from. Graph allows reports few requests.
const most = 3

// apart is how far the times of a record and of what Graph shows may lie apart: the stream has the time of the request, too.
const apart = 5 * time.Minute

// Case reads the successful sign-ins of the case's high detections again. Found needs all of them as they arrived. What has
// no sign-in (calls with a token, changes) was not read again. When Graph cannot be asked, that is noted in the invocation's
// record and no error: the case waits for people, and not for Graph.
func (r Reader) Case(ctx context.Context, c casefile.Case) (decide.Reread, error) {
	records := signIns(c)
	if len(records) == 0 {
		return decide.RereadNot, nil
	}
	for _, x := range records {
		s, err := r.SignIn(ctx, x.ID)
		switch {
		case errors.Is(err, fault.NotFound):
			return decide.RereadMissing, nil
		case err != nil && ctx.Err() != nil:
			return decide.RereadNot, err
		case err != nil:
			funchost.Note(ctx, "not_read_again", err.Error())
			return decide.RereadFailed, nil
		case !same(s, x, c):
			return decide.RereadOther, nil
		}
	}
	return decide.RereadFound, nil
}

// signIns are the records to read.
func signIns(c casefile.Case) []detect.Record {
	var out []detect.Record
	for _, d := range c.Detections {
		if d.Rule != "" || d.Type != detect.TypeSuspiciousSignins || d.Level != score.LevelHigh {
			continue
		}
		for _, x := range d.Records {
			if x.Succeeded && len(out) < most {
				out = append(out, x)
			}
		}
	}
	return out
}

// same compares what Graph shows with what arrived: whose it is, from where, with what and when.
func same(s graph.SignIn, x detect.Record, c casefile.Case) bool {
	whose := strings.EqualFold(s.ServicePrincipalID, c.Principal.ObjectID) || c.Principal.ObjectID == "" && strings.EqualFold(s.AppID, c.Principal.AppID)
	return whose && s.Status.ErrorCode == 0 && address(s.IPAddress) == address(x.IPAddress) && s.Created.Sub(x.Time).Abs() <= apart &&
		(x.KeyID == "" || strings.EqualFold(s.CredentialKeyID, x.KeyID))
}

// address is an address in one form; what is none stays as it is.
func address(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return s
	}
	return a.Unmap().WithZone("").String()
}
