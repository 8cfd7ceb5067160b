package entralog

// Knows reports whether the record would be read by what was learned of the shapes of records.
func (d *Decoder) Knows(record []byte) bool {
	s, h := scanner{b: record}, head{}
	return len(d.shapes.start.exits) > 0 && d.shapes.match(&s, &h) && h.inline
}

// Address is how addresses are read.
var Address = address
