package bench

import (
	"github.com/minio/simdjson-go"

	"rekey/shared/event"
)

func newSimdjson() decoder {
	var parsed *simdjson.ParsedJson
	var e event.Event
	var s signIn
	var w simdWalker
	w.signIn = &s
	return func(message []byte, each func(*event.Event)) error {
		var err error
		if parsed, err = simdjson.Parse(message, parsed, simdjson.WithCopyStrings(false)); err != nil {
			return err
		}
		return w.records(parsed.Iter(), func() error {
			if err := s.event(&e); err != nil {
				return err
			}
			each(&e)
			return nil
		})
	}
}

// simdWalker walks simdjson-go's tape.
type simdWalker struct {
	*signIn
	root, list, record, inner simdjson.Iter
	top, props, small         simdjson.Object
	array                     simdjson.Array
}

// records calls each after each record was read.
func (w *simdWalker) records(i simdjson.Iter, each func() error) error {
	i.AdvanceInto()
	if _, _, err := i.Root(&w.root); err != nil {
		return err
	}
	o, err := w.root.Object(&w.top)
	if err != nil {
		return err
	}
	name, t, err := o.NextElementBytes(&w.list)
	if err != nil || string(name) != "records" || t != simdjson.TypeArray {
		return errShape
	}
	array, err := w.list.Array(nil)
	if err != nil {
		return err
	}
	for list := array.Iter(); list.Advance() == simdjson.TypeObject; {
		*w.signIn = signIn{Properties: properties{Details: w.Properties.Details[:0]}}
		if err := w.atTop(&list); err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
	return nil
}

// object calls each for each member. Nested calls need objects and iterators of their own.
func object(i *simdjson.Iter, o *simdjson.Object, member *simdjson.Iter, each func(name []byte, t simdjson.Type) error) error {
	if _, err := i.Object(o); err != nil {
		return err
	}
	for {
		name, t, err := o.NextElementBytes(member)
		if err != nil || t == simdjson.TypeNone {
			return err
		}
		if err := each(name, t); err != nil {
			return err
		}
	}
}

func set(to *string, i *simdjson.Iter, t simdjson.Type) error {
	if t != simdjson.TypeString {
		return nil
	}
	b, err := i.StringBytes()
	*to = text(b)
	return err
}

func (w *simdWalker) atTop(i *simdjson.Iter) error {
	return object(i, &w.top, &w.record, func(name []byte, t simdjson.Type) error {
		if to := w.member(name); to != nil {
			return set(to, &w.record, t)
		}
		if string(name) == "properties" {
			return w.inProperties(&w.record)
		}
		return nil
	})
}

func (w *simdWalker) inProperties(i *simdjson.Iter) error {
	p := &w.Properties
	return object(i, &w.props, &w.inner, func(name []byte, t simdjson.Type) error {
		if to := p.member(name); to != nil {
			return set(to, &w.inner, t)
		}
		switch string(name) {
		case "autonomousSystemNumber":
			n, err := w.inner.Uint()
			p.ASN = uint32(n)
			return err
		case "location":
			return w.one(&w.inner, "countryOrRegion", func(v *simdjson.Iter, t simdjson.Type) error { return set(&p.Location.Country, v, t) })
		case "status":
			return w.one(&w.inner, "errorCode", func(v *simdjson.Iter, _ simdjson.Type) error {
				n, err := v.Int()
				p.Status.Code = int(n)
				return err
			})
		case "authenticationProcessingDetails":
			return w.details(&w.inner)
		}
		return nil
	})
}

func (w *simdWalker) one(i *simdjson.Iter, want string, take func(*simdjson.Iter, simdjson.Type) error) error {
	var v simdjson.Iter
	return object(i, &w.small, &v, func(name []byte, t simdjson.Type) error {
		if string(name) == want {
			return take(&v, t)
		}
		return nil
	})
}

func (w *simdWalker) details(i *simdjson.Iter) error {
	array, err := i.Array(&w.array)
	if err != nil {
		return err
	}
	for list := array.Iter(); list.Advance() == simdjson.TypeObject; {
		var d detail
		var v simdjson.Iter
		err := object(&list, &w.small, &v, func(name []byte, t simdjson.Type) error {
			switch string(name) {
			case "key":
				return set(&d.Key, &v, t)
			case "value":
				return set(&d.Value, &v, t)
			}
			return nil
		})
		if err != nil {
			return err
		}
		w.Properties.Details = append(w.Properties.Details, d)
	}
	return nil
}
