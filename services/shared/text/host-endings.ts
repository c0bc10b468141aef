/**
 * Top-level domains: what may follow the last full stop of a host name. People omit the space after a full stop, so `listo.pago` is a host
 * only if `pago` is an ending that exists. Country codes are those of IANA's root zone; of the others, those that shops use.
 */
const countries =
  'ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf cg ch ci ck cl ' +
  'cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt ' +
  'gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ' +
  'ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm ' +
  'pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn ' +
  'to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw'
const others =
  'com net org info biz edu gov mil int name pro mobi tel travel jobs coop aero museum cat asia eus gal ' +
  'academy agency ai app art audio auto baby band bank bar beauty beer best bet bio blog boutique build business buy cab cafe camera ' +
  'capital car cards care cars casa cash center chat church city claims click clinic clothing cloud club coach codes coffee community ' +
  'company consulting cool coupons credit cyou dance date deals delivery dental design dev diamonds digital direct directory discount dog ' +
  'domains education email energy events exchange expert express family fan fans farm fashion finance fish fit fitness flowers food forum ' +
  'foundation fun fund furniture futbol fyi gallery game games garden gift gifts global gmbh gold golf group guide guru hair health help ' +
  'holdings holiday homes horse hospital host hosting hotel house how icu immo ink institute insure international inc jetzt jewelry kim ' +
  'kitchen land lat lawyer legal life lighting limited link live living llc loan loans lol love ltd market marketing markets mba media ' +
  'menu moda moe money movie music network news ninja one online page parts party pay pet pharmacy photo photography photos pics pictures ' +
  'pink pizza place plus press productions promo properties property pub rent rentals repair report rest restaurant review reviews rip ' +
  'rocks run sale salon school science services sex shoes shop shopping show site ski social software solar solutions space store stream ' +
  'studio style supplies supply support surf systems tax taxi team tech technology tennis theater tienda tips tires today tools top tours ' +
  'town toys trade training tube uno vacations ventures video vin vip vote voyage watch web webcam website wedding wiki win wine work ' +
  'works world wtf xxx xyz yoga zone'
/** Reserved for documentation and tests (RFC 2606). */
const reserved = 'example test invalid localhost'

const known = new Set(`${countries} ${others} ${reserved}`.split(' '))

/** @param label in small letters: with a capital behind the full stop, a sentence begins */
export const isHostEnding = (label: string): boolean => known.has(label) || label.startsWith('xn--')
