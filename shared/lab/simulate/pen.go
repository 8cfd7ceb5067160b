package simulate

import "strconv"

// pen writes acts down as the logs do.
type pen struct {
	run *Run
	b   []byte
}

// write returns the record of an act. It is valid until the next one.
func (p *pen) write(a *act) []byte {
	p.b = p.b[:0]
	switch a.log {
	case logSignIn:
		p.signIn(a)
	case logAudit:
		p.audit(a)
	case logVault:
		p.vaultCall(a)
	case logGraph:
		p.graphCall(a)
	case logARM:
		p.operation(a)
	}
	return p.b
}

// s adds texts that need no escaping.
func (p *pen) s(texts ...string) {
	for _, t := range texts {
		p.b = append(p.b, t...)
	}
}

// n adds a number.
func (p *pen) n(n int64) { p.b = appendInt(p.b, n) }

// guid adds the GUID of an act's serial number and what it is for.
func (p *pen) guid(serial, of uint64) { p.b = appendGUID(p.b, mix(serial, of)) }

// address adds an address.
func (p *pen) address(a address) {
	if a.four() {
		for i := 24; i >= 0; i -= 8 {
			p.b = appendInt(p.b, int64(a.low>>i&0xff))
			if i > 0 {
				p.b = append(p.b, '.')
			}
		}
		return
	}
	p.b = a.addr().AppendTo(p.b)
}

// What the ids of an act are for.
const (
	forID uint64 = iota + 100
	forCorrelation
	forSession
	forToken
)

// token adds the 22 characters by which a token is known in all logs.
func (p *pen) token(serial uint64) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	x, y := mix(serial, forToken), mix(serial, forToken+1)
	var t [22]byte
	for i := range 10 {
		t[i], t[10+i] = alphabet[x&63], alphabet[y&63]
		x, y = x>>6, y>>6
	}
	t[20], t[21] = alphabet[x&15<<2|y&3], "AQgw"[y>>2&3]
	p.b = append(p.b, t[:]...)
}

// longToken adds the base64 of the act's own id, which no other log has.
func (p *pen) longToken(serial uint64) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var id [36]byte
	appendGUID(id[:0], mix(serial, forID))
	for i := 0; i < 36; i += 3 {
		v := uint32(id[i])<<16 | uint32(id[i+1])<<8 | uint32(id[i+2])
		p.b = append(p.b, alphabet[v>>18], alphabet[v>>12&63], alphabet[v>>6&63], alphabet[v&63])
	}
}

const hexadecimal = "0123456789abcdef"

// places16 are where the 16 bytes of a GUID stand in its text.
var places16 = [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// appendGUID adds a random GUID (version 4) made of a number.
func appendGUID(b []byte, from uint64) []byte {
	x, y := from&^0xf000|0x4000, mix(from, 2)&^(3<<62)|2<<62
	var t [36]byte
	t[8], t[13], t[18], t[23] = '-', '-', '-', '-'
	for i, at := range places16 {
		v := x >> (56 - 8*(i&7))
		if i > 7 {
			v = y >> (56 - 8*(i&7))
		}
		t[at], t[at+1] = hexadecimal[v>>4&15], hexadecimal[v&15]
	}
	return append(b, t[:]...)
}

func appendInt(b []byte, n int64) []byte {
	if n < 10 && n >= 0 {
		return append(b, byte('0'+n))
	}
	return strconv.AppendInt(b, n, 10)
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 32
		}
	}
	return string(b)
}
