package verdicts_test

import (
	"fmt"
	"testing"
	"time"

	"rekey/handlers/verdicts"
	"rekey/shared/store/memory"
	"rekey/shared/verdict"
)

func TestTheThousandthVerdictOnAPrincipalIsDueLikeTheFirst(t *testing.T) {
	const many = 1000
	s, now := verdicts.Store{Table: &memory.Table{}}, time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	for i := range many {
		v, err := verdict.New(verdict.Dismiss, "sp1", "application a1", fmt.Sprint("r", i), now.Add(time.Duration(i)*time.Minute))
		if err == nil {
			err = s.Order(t.Context(), v)
		}
		if err == nil && i < many-1 {
			err = s.Done(t.Context(), v, "", now)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.Due(t.Context(), "sp1")
	if err != nil || len(due) != 1 || due[0].Request != fmt.Sprint("r", many-1) {
		t.Errorf("%d are due (%v)", len(due), err)
	}
}
