package sandbox

import "strconv"

// What the member "data" of an event holds, by the kind of the event. The keys are in PascalCase, and numbers are texts,
// as the platform has them.

func noData(dst []byte, _ *generated, _ happening, _ int) []byte { return append(dst, "{}"...) }

// guidAs is an object with one GUID, from its beginning on.
func guidAs(beginning string) func([]byte, *generated, happening, int) []byte {
	return func(dst []byte, _ *generated, h happening, _ int) []byte {
		return append(h.dice.appendGUID(append(dst, beginning...)), `"}`...)
	}
}

// numberAs is an object with one number, from its beginning on.
func numberAs(beginning string) func([]byte, *generated, happening, int) []byte {
	return func(dst []byte, _ *generated, h happening, _ int) []byte {
		return append(appendNumber(append(dst, beginning...), &h.dice), `"}`...)
	}
}

// appendNumber appends a number of seven digits.
func appendNumber(dst []byte, d *dice) []byte {
	return strconv.AppendInt(dst, int64(1_000_000+d.below(9_000_000)), 10)
}

func addedUser(dst []byte, g *generated, h happening, _ int) []byte {
	dst = add(dst, `{"AffectedUserId":"`, g.people[h.affected], `","AffectedMembershipId":"`)
	dst = add(h.dice.appendGUID(dst), `","PermissionProfileId":"`)
	return add(appendNumber(dst, &h.dice), `"}`)
}

var settings = [...]string{"PasswordStrength", "SessionTimeout", "TwoFactorRequired"}

func changedSetting(dst []byte, _ *generated, h happening, _ int) []byte {
	return add(dst, `{"SettingsKey":"`, one(&h.dice, settings[:]), `"}`)
}

func weakerSetting(dst []byte, _ *generated, _ happening, _ int) []byte {
	return append(dst, `{"SettingsKey":"TwoFactorRequired"}`...)
}

// nested is more than a flat object.
func nested(dst []byte, _ *generated, h happening, _ int) []byte {
	dst = append(dst, `{"Layout":{"Columns":[`...)
	for k := range 1 + h.dice.below(3) {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"Width":`...), int64(100+h.dice.below(900)), 10)
		dst = append(dst, `,"Title":"Verträge 契約 \ud83d\udd12"}`...)
	}
	return append(dst, `],"Dense":false},"Note":""}`...)
}

// countedEvents are the events that an alert is on, and how many they are.
func countedEvents(dst []byte, g *generated, h happening, i int) []byte {
	dst = g.appendIDs(append(dst, `{"EventIds":[`...), h.since, i)
	return add(strconv.AppendInt(append(dst, `],"Count":"`...), int64(i-h.since), 10), `"}`)
}

var severities = [...]string{"Low", "Medium", "High"}

// severeEvents are the events that an alert is on, and how grave it is.
func severeEvents(dst []byte, g *generated, h happening, i int) []byte {
	dst = g.appendIDs(append(dst, `{"EventIds":[`...), h.since, max(i, h.since+1))
	return add(dst, `],"Severity":"`, one(&h.dice, severities[:]), `"}`)
}

// appendIDs appends the GUIDs of the events from one to before another.
func (g *generated) appendIDs(dst []byte, from, to int) []byte {
	for k := from; k < to; k++ {
		if k > from {
			dst = append(dst, ',')
		}
		dst = append(g.appendID(append(dst, '"'), k), '"')
	}
	return dst
}

// sameSenderAndSigner holds texts as arrays of single characters, as the one alert of this kind that is known does.
func sameSenderAndSigner(dst []byte, g *generated, h happening, i int) []byte {
	spell := spell
	if g.assume.NoCharacterArrays {
		spell = func(text string) string { return `"` + text + `"` }
	}
	dst = add(dst, `{"SignerIp":`, spell("198.51.100."+strconv.Itoa(1+h.dice.below(254))),
		`,"EnvelopeType":`, spell("Template"), `,"EventIds":[`)
	dst = g.appendIDs(dst, h.since, max(i, h.since+1))
	return add(dst, `],"EnvelopeId":`, spell(h.dice.guid()), `,"SignerUserId":`, spell(g.people[h.actor]),
		`,"SignerUserAgent":`, spell("Agent/1.0"), `,"Severity":"`, one(&h.dice, severities[:]), `"}`)
}

// spell is the array of the characters of an ASCII text.
func spell(text string) string {
	array := make([]byte, 0, 4*len(text)+2)
	array = append(array, '[')
	for i := range len(text) {
		if i > 0 {
			array = append(array, ',')
		}
		array = append(array, '"', text[i], '"')
	}
	return string(append(array, ']'))
}
