package sandbox

// Names that people of the stand-ins are drawn from: with letters beyond ASCII, apostrophes,
// hyphens and a few that are too long for a column.

var firstNames = []string{
	"Ada", "Aisha", "Ajla", "Alejandro", "Amara", "Anaïs", "Andrzej", "Anouk", "Bartłomiej", "Beatriz", "Björn",
	"Błażej", "Brónagh", "Camila", "Carlos", "Chidi", "Chiara", "Claire", "Darya", "Deniz", "Dmitri", "Đorđe",
	"Eilís", "Elif", "Emeka", "Émile", "Esra", "Fatima", "Femke", "Finn", "Frida", "Gabriela", "Giulia", "Grace",
	"Gökçe", "Håkon", "Hana", "Hannah", "Haruto", "Hugo", "Ibrahim", "Ilse", "İpek", "Ines", "Isabel", "Ivan",
	"Jack", "Jasmine", "Joana", "João", "Jürgen", "Kaito", "Karim", "Katarzyna", "Kofi", "Lars", "Leïla", "Liam",
	"Lior", "Luca", "Łucja", "Maeve", "Magnus", "Mai", "Malik", "Mariana", "Mateo", "Matthias", "Mehmet", "Milica",
	"Min-jun", "Mohammed", "Nadia", "Naomi", "Ngozi", "Nikolai", "Noah", "Nuria", "Olivia", "Omar", "Oskar", "Paola",
	"Pavel", "Pelle", "Petra", "Philippa", "Priya", "Quentin", "Rachel", "Rafael", "Rania", "Robert", "Roisin",
	"Rosa", "Ruben", "Sade", "Sakura", "Samuel", "Saoirse", "Siddharth", "Siobhán", "Søren", "Sofia", "Sven",
	"Tadhg", "Tamar", "Tariq", "Thandiwe", "Thiago", "Tomás", "Umar", "Ursula", "Valentina", "Vera", "Viktor",
	"Wanjiru", "Wei", "William", "Xavier", "Yara", "Yasmin", "Yusuf", "Zara", "Zeynep", "Zoë", "Jean-Baptiste",
	"Anne-Sophie", "Mary-Kate",
}

var lastNames = []string{
	"Abara", "Abdullah", "Adeyemi", "Ahmed", "Almeida", "Andersson", "Bakker", "Baptiste", "Barros", "Becker",
	"Bianchi", "Bondarenko", "Brown", "Byrne", "Çelik", "Castillo", "Chen", "Costa", "Czajkowski", "D'Angelo",
	"D'Souza", "Da-Silva", "Dąbrowski", "Delacroix", "Diaz", "Dubois", "Eriksson", "Évrard", "Fernandes", "Ferrari",
	"Fischer", "Fitzgerald", "García", "Gökdemir", "González", "Green", "Grünwald", "Gupta", "Haddad", "Hansen",
	"Haugen", "Hernández", "Hoffmann", "Horvat", "Ibrahimović", "Ivanova", "Jensen", "Johansson", "Kaczmarek",
	"Kaplan", "Kariuki", "Kim", "Kovač", "Kowalska", "Kumar", "L'Hôpital", "Larsen", "Laurent", "Lefèvre",
	"Lindqvist", "Lopes", "MacDonald", "Mancini", "Martínez", "Mbeki", "Mensah", "Meyer", "Mikkelsen", "Moreau",
	"Müller", "Muñoz", "Nakamura", "Nguyễn", "Nielsen", "Novák", "Núñez", "O'Brien", "O'Connor", "O'Sullivan",
	"Okafor", "Okonkwo", "Olsen", "Ortiz", "Osei", "Öztürk", "Papadopoulos", "Park", "Patel", "Pereira", "Petrov",
	"Popescu", "Quiñones", "Ramírez", "Rasmussen", "Rossi", "Ruiz", "Şahin", "Sánchez", "Santos", "Schäfer",
	"Schmidt", "Schröder", "Silva", "Singh", "Smith", "Sokolov", "Strauß", "Suzuki", "Šimić", "Tanaka", "Tremblay",
	"Ünal", "Van-der-Berg", "Vasquez", "Wagner", "Walsh", "Wang", "Weiß", "Williams", "Wójcik", "Wright", "Yamamoto",
	"Yılmaz", "Zając", "Zhang", "Zielińska", "Zimmermann", "Featherstonehaugh-Cholmondeley",
	"Thiruvananthapuram-Subramanian",
}

// ascii says how a letter of the names is written in an address.
var ascii = map[rune]string{
	'ß': "ss", 'á': "a", 'ã': "a", 'ä': "ae", 'å': "a", 'ç': "c", 'è': "e", 'é': "e", 'ë': "e", 'í': "i",
	'ï': "i", 'ñ': "n", 'ó': "o", 'ô': "o", 'ö': "oe", 'ø': "o", 'ú': "u", 'ü': "ue", 'ą': "a", 'ć': "c",
	'č': "c", 'đ': "dj", 'ı': "i", 'ł': "l", 'ń': "n", 'ş': "s", 'š': "s", 'ż': "z", 'ễ': "e",
}
