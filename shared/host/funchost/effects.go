package funchost

import (
	"context"
	"errors"
	"net/http"

	"rekey/shared/fault"
)

// effect is what an invocation's error leads to.
type effect struct {
	outcome string // for the log
	status  int    // for the host
}

// effects is the one table of error kinds and what they do. An invocation that fails (500) is handed over again: the
// hub's checkpoint waits, the queue message reappears. Denied and Limit succeed with a finding for people, because
// repeating them cannot help; what they stood for is in state, and sweep or a person goes on from there. Poison is
// handled where it is found, so that the rest of the batch goes on; one that comes this far is a finding, too.
//
// A batch of a hub is another matter: its content is nowhere else, and a success moves the checkpoint past it. It fails
// for every error but Poison, and the hub keeps it until somebody has mended what stands in the way.
func effects(trigger string, err error) effect {
	switch {
	case err == nil:
		return effect{"success", http.StatusOK}
	case errors.Is(err, errBody):
		return effect{"unreadable", http.StatusInternalServerError} // never lose what was not understood
	case errors.Is(err, context.DeadlineExceeded):
		return effect{"timeout", http.StatusInternalServerError}
	}
	switch fault.Kind(err) {
	case fault.Poison:
		return effect{"poison", http.StatusOK}
	case fault.Denied:
		return effect{"denied", findings(trigger)}
	case fault.Limit:
		return effect{"limit", findings(trigger)}
	}
	return effect{"retry", http.StatusInternalServerError}
}

// findings is the status for what repeating cannot help.
func findings(trigger string) int {
	if trigger == triggerEvents {
		return http.StatusInternalServerError
	}
	return http.StatusOK
}
