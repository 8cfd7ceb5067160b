package simulate

// holder is one autonomous system and the cities it is in. Numbers are of the range for private use. Not every name
// says what its holder does: one of the VPN providers sounds like a telecom.
type holder struct {
	role
	asn        uint32
	name       string
	registered string // country that all its ranges are registered in; empty: where they are
	ranges     int    // IPv4 ranges a city
	bits       int
	six        bool
	cities     []string
}

var holders = []holder{
	{bigCloud, 4200008075, "Meridian Cloud", "", 6, 17, true, []string{
		"Amsterdam", "Dublin", "Frankfurt", "Paris", "London", "Boydton", "Des Moines", "San Jose", "Singapore", "Tokyo", "Sydney",
	}},
	{otherCloud, 4200016509, "Cumulus Web Services", "US", 5, 17, true, []string{"Ashburn", "Portland", "Dublin", "Frankfurt", "Singapore"}},
	{otherCloud, 4200014618, "Cumulus Web Services East", "US", 3, 17, true, []string{"Ashburn"}},
	{otherCloud, 4200015169, "Altostrat Cloud Platform", "", 4, 17, false, []string{"Eemshaven", "Frankfurt", "Council Bluffs", "Tokyo"}},
	{otherCloud, 4200024940, "Hagel Cloud Hosting", "DE", 2, 18, true, []string{"Falkenstein", "Helsinki"}},
	{build, 4200008075, "Meridian Cloud", "", 5, 17, false, []string{"Phoenix", "Chicago", "San Antonio", "Quincy"}},
	{build, 4200020101, "Forge Pipelines Hosting", "", 3, 18, false, []string{"Ashburn", "Amsterdam"}},
	{build, 4200020102, "Runway Build Servers", "", 2, 18, true, []string{"Frankfurt", "Portland"}},
	{office, 4200020201, "Contoso Group Networks", "DE", 3, 22, true, []string{"Munich", "Leipzig", "Amsterdam"}},
	{office, 4200020202, "Contoso North America", "US", 2, 22, false, []string{"Chicago", "Austin"}},
	{office, 4200020203, "Contoso India Private Limited", "IN", 2, 23, false, []string{"Pune"}},
	{office, 4200020204, "Fabrikam Managed Services", "AT", 2, 23, false, []string{"Graz"}},
	{home, 4200030001, "Rheinnetz Telecom", "", 3, 16, true, []string{"Munich", "Leipzig", "Berlin"}},
	{home, 4200030002, "Kabel Mitte", "", 2, 16, true, []string{"Berlin", "Frankfurt"}},
	{home, 4200030003, "Polder Broadband", "", 2, 16, true, []string{"Amsterdam"}},
	{home, 4200030004, "Hexagone Telecom", "", 2, 16, false, []string{"Paris"}},
	{home, 4200030005, "Albion Broadband", "", 2, 16, false, []string{"London"}},
	{home, 4200030006, "Shannon Telecom", "", 2, 16, false, []string{"Dublin"}},
	{home, 4200030007, "Great Plains Cable", "", 3, 16, true, []string{"Chicago", "Austin", "Des Moines"}},
	{home, 4200030008, "Atlantic Fiber", "", 3, 16, true, []string{"Ashburn", "Boydton"}},
	{home, 4200030009, "Pacific Cable", "", 3, 16, false, []string{"San Jose", "Portland"}},
	{home, 4200030010, "Deccan Fibernet", "", 2, 16, false, []string{"Pune"}},
	{home, 4200030011, "Lion City Broadband", "", 2, 16, false, []string{"Singapore"}},
	{home, 4200030012, "Kanto Hikari", "", 2, 16, true, []string{"Tokyo"}},
	{home, 4200030013, "Southern Cross Broadband", "", 2, 16, false, []string{"Sydney"}},
	{home, 4200030014, "Steiermark Telecom", "", 1, 16, false, []string{"Graz"}},
	{home, 4200030015, "Suomi Laajakaista", "", 1, 16, false, []string{"Helsinki"}},
	{mobile, 4200040001, "Funkturm Mobile", "", 2, 17, true, []string{"Berlin"}},
	{mobile, 4200040002, "Iberia Movil", "", 2, 17, false, []string{"Madrid"}},
	{mobile, 4200040003, "Canal Mobile", "", 1, 17, false, []string{"Amsterdam"}},
	{mobile, 4200040004, "Liberty Wireless", "", 2, 17, true, []string{"Chicago", "San Jose"}},
	{mobile, 4200040005, "Bharat Mobile", "", 2, 17, false, []string{"Pune"}},
	{mobile, 4200040006, "Vistula Mobile", "", 2, 17, false, []string{"Warsaw"}},
	{anonymous, 4200050001, "Nightjar VPN", "", 2, 20, false, []string{"Stockholm", "Zurich", "Amsterdam", "Chicago"}},
	{anonymous, 4200050002, "Foxhole VPN Services", "", 2, 20, true, []string{"Bucharest", "Frankfurt", "Singapore"}},
	{anonymous, 4200050003, "Palisade Communications", "", 1, 20, false, []string{"Reykjavik", "London"}},
	{anonymous, 4200050004, "Halfmoon Proxy Networks", "", 2, 20, false, []string{"Chisinau", "Ashburn"}},
	{hoster, 4200060001, "Bargain VPS", "", 2, 18, true, []string{"Vilnius", "Dallas"}},
	{hoster, 4200060002, "Rackline Dedicated Servers", "", 2, 18, false, []string{"Paris", "Warsaw"}},
	{hoster, 4200060003, "Kestrel Hosting", "", 2, 18, false, []string{"Sofia", "Amsterdam"}},
}

var places = map[string]place{
	"Amsterdam": {"Amsterdam", "Noord-Holland", "NL", "52.37403", "4.88969", 1}, "Ashburn": {"Ashburn", "Virginia", "US", "39.04372", "-77.48749", -5},
	"Austin": {"Austin", "Texas", "US", "30.26715", "-97.74306", -6}, "Berlin": {"Berlin", "Berlin", "DE", "52.52437", "13.41053", 1},
	"Boydton": {"Boydton", "Virginia", "US", "36.66764", "-78.3875", -5}, "Bucharest": {"Bucuresti", "Bucuresti", "RO", "44.43225", "26.10626", 2},
	"Chicago": {"Chicago", "Illinois", "US", "41.85003", "-87.65005", -6}, "Chisinau": {"Chisinau", "Chisinau", "MD", "47.00556", "28.8575", 2},
	"Council Bluffs": {"Council Bluffs", "Iowa", "US", "41.26194", "-95.86083", -6}, "Dallas": {"Dallas", "Texas", "US", "32.78306", "-96.80667", -6},
	"Des Moines": {"Des Moines", "Iowa", "US", "41.60054", "-93.60911", -6}, "Dublin": {"Dublin", "Dublin", "IE", "53.33306", "-6.24889", 0},
	"Eemshaven": {"Eemshaven", "Groningen", "NL", "53.43862", "6.83468", 1}, "Falkenstein": {"Falkenstein", "Sachsen", "DE", "50.4779", "12.3713", 1},
	"Frankfurt": {"Frankfurt am Main", "Hessen", "DE", "50.11552", "8.68417", 1}, "Graz": {"Graz", "Steiermark", "AT", "47.06667", "15.45", 1},
	"Helsinki": {"Helsinki", "Uusimaa", "FI", "60.16952", "24.93545", 2}, "Leipzig": {"Leipzig", "Sachsen", "DE", "51.33962", "12.37129", 1},
	"London": {"London", "London", "GB", "51.50853", "-0.12574", 0}, "Madrid": {"Madrid", "Madrid", "ES", "40.4165", "-3.70256", 1},
	"Munich": {"Muenchen", "Bayern", "DE", "48.13743", "11.57549", 1}, "Paris": {"Paris", "Paris", "FR", "48.85341", "2.3488", 1},
	"Phoenix": {"Phoenix", "Arizona", "US", "33.44838", "-112.07404", -7}, "Portland": {"Portland", "Oregon", "US", "45.52345", "-122.67621", -8},
	"Pune": {"Pune", "Maharashtra", "IN", "18.51957", "73.85535", 5}, "Quincy": {"Quincy", "Washington", "US", "47.23429", "-119.85255", -8},
	"Reykjavik": {"Reykjavik", "Hofudborgarsvaedi", "IS", "64.13548", "-21.89541", 0}, "San Antonio": {"San Antonio", "Texas", "US", "29.42412", "-98.49363", -6},
	"San Jose": {"San Jose", "California", "US", "37.33939", "-121.89496", -8}, "Singapore": {"Singapore", "Singapore", "SG", "1.28967", "103.85007", 8},
	"Sofia": {"Sofia", "Sofia-Grad", "BG", "42.69751", "23.32415", 2}, "Stockholm": {"Stockholm", "Stockholms Lan", "SE", "59.33258", "18.0649", 1},
	"Sydney": {"Sydney", "New South Wales", "AU", "-33.86785", "151.20732", 10}, "Tokyo": {"Tokyo", "Tokyo", "JP", "35.6895", "139.69171", 9},
	"Vilnius": {"Vilnius", "Vilniaus Apskritis", "LT", "54.68916", "25.2798", 2}, "Warsaw": {"Warszawa", "Mazowieckie", "PL", "52.22977", "21.01178", 1},
	"Zurich": {"Zuerich", "Zurich", "CH", "47.36667", "8.55", 1},
}
