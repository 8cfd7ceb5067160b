package switches

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/store"
)

// Kill is the kill switch, and who changed it last.
type Kill struct {
	On    bool      `json:"on"`
	By    string    `json:"by,omitempty"`
	Why   string    `json:"why,omitempty"`
	Time  time.Time `json:"time,omitzero"`
	Order string    `json:"order,omitempty"` // id of the order; "" for somebody at a terminal, who has seen what there is
	Asked time.Time `json:"asked,omitzero"`  // of an order: when it was given; it is carried out later
}

// off begins a row that does not stop. Who let everything go on may follow, as JSON.
const off = "off"

// Kill reads the kill switch. Whatever stands in the row and is not "off" stops: a row that somebody wrote by hand in a
// hurry stops, too.
func (s Store) Kill(ctx context.Context) (Kill, error) {
	k, _, err := s.read(ctx)
	return k, err
}

func (s Store) read(ctx context.Context) (Kill, store.Row, error) {
	row, err := s.Table.Get(ctx, partition, kill)
	if errors.Is(err, fault.NotFound) {
		return Kill{}, store.Row{Partition: partition, Key: kill}, nil
	}
	if err != nil {
		return Kill{}, row, fmt.Errorf("reading the kill switch: %w", err)
	}
	return parse(row.Data), row, nil
}

func parse(data []byte) Kill {
	var k Kill
	who, isOff := bytes.CutPrefix(data, []byte(off))
	if isOff && (len(who) == 0 || json.Unmarshal(who, &k) == nil) {
		k.On = false
		return k
	}
	if err := json.Unmarshal(data, &k); err != nil {
		k = Kill{Why: string(data)}
	}
	k.On = true
	return k
}

// asked is when somebody wanted the switch to be as it is.
func (k Kill) asked() time.Time {
	if k.Asked.IsZero() {
		return k.Time
	}
	return k.Asked
}

// stands reports whether an order finds nothing to do: it did it, or it is as it wants. An error of kind fault.Denied says that
// somebody asked for the opposite later; a stop does not yield to a resume of the future, which a wrong clock wrote.
func (k Kill) stands(now Kill) (bool, error) {
	later := now.asked().After(k.asked())
	switch {
	case k.Order == "":
		return false, nil
	case now.On == k.On && (now.Order == k.Order || later):
		return true, nil
	case !later, k.On && now.asked().After(k.Time):
		return false, nil
	case now.On:
		return false, fault.Errorf(fault.Denied, "nothing was let go on: %s stopped everything at %s, after this was asked for, because: %q", now.By, now.Time.Format(time.RFC3339), now.Why)
	}
	return false, fault.Errorf(fault.Denied, "nothing was stopped: %s let everything go on at %s, after this was asked for", now.By, now.Time.Format(time.RFC3339))
}

// ErrUnrecorded says that everything is stopped, and that who did it could not be written down for good.
var ErrUnrecorded = errors.New("everything is stopped, but the record does not say by whom")

// Stop sets the kill switch, first of all, and then writes down who did (see ErrUnrecorded). Setting it again changes the
// reason. An order changes nothing when it was overtaken.
func (s Store) Stop(ctx context.Context, k Kill) error {
	if strings.TrimSpace(k.By) == "" || strings.TrimSpace(k.Why) == "" {
		return fault.Errorf(fault.Denied, "stopping: say who you are and why (--by, --why)")
	}
	k.On, k.Time = true, k.Time.UTC()
	changed, err := s.set(ctx, k)
	if err != nil {
		return fmt.Errorf("setting the kill switch: %w", err)
	}
	if !changed {
		return nil
	}
	if err := s.note(ctx, ledger.Entry{Time: k.Time, Actor: k.By, Text: "stopped everything: " + k.Why}); err != nil {
		return fmt.Errorf("%w: %w", ErrUnrecorded, err)
	}
	return nil
}

// Resume lets Rekey go on. It is written down first: without a record nothing is let loose. An order changes nothing when
// it was overtaken.
func (s Store) Resume(ctx context.Context, k Kill) error {
	if strings.TrimSpace(k.By) == "" {
		return fault.Errorf(fault.Denied, "resuming: say who you are (--by)")
	}
	k.On, k.Time = false, k.Time.UTC()
	now, _, err := s.read(ctx)
	if err != nil {
		return err
	}
	if done, err := k.stands(now); done || err != nil {
		return err
	}
	e := ledger.Entry{Time: k.Time, Actor: k.By, Text: strings.TrimSuffix("let everything go on: "+k.Why, ": ")}
	if err := s.note(ctx, e); err != nil {
		return err
	}
	_, err = s.set(ctx, k)
	if errors.Is(err, fault.Denied) { // somebody stopped everything in this moment
		e.Text = "did not count: " + e.Text
		err = errors.Join(err, s.note(ctx, e))
	}
	if err != nil {
		return fmt.Errorf("taking back the kill switch: %w", err)
	}
	return nil
}

// set writes the kill switch over what is there, and reports whether it did: an order may find nothing to do.
func (s Store) set(ctx context.Context, k Kill) (bool, error) {
	data, err := json.Marshal(k)
	if err != nil {
		return false, err
	}
	if !k.On {
		data = append([]byte(off+" "), data...)
	}
	for range races {
		now, row, err := s.read(ctx)
		if err != nil {
			return false, err
		}
		if done, err := k.stands(now); done || err != nil {
			return false, err
		}
		row.Data = data
		if _, err = s.Table.Put(ctx, row); !errors.Is(err, fault.Conflict) {
			return err == nil, err
		}
	}
	return false, fault.Errorf(fault.Transient, "writing row %s: others write it, too; try again", kill)
}
