"""The invented county: four weeks of talk on six platforms, three stories, and the truth about all of it.

`python -m tools.county` packs export files that look like real ones into `opinion_lab/demo/county.zip`, from where
`opinion-lab demo` imports them as it imports real files, and the truth about them into `truth.zip` beside it. The same
seed gives the same bytes of every file on any platform. Curves, clocks and fixed texts are in `tables/script.toml`,
phrases in `tables/*.txt`; every place, firm, school, account and person is invented, and so is every number: prefixes,
area codes and counties that are not given out.

`phrases`: chance and words; `rows`, `county`: who says what when; `tallies`: ids, counts, hot list; `truth`: what was
designed; `exports`: the files.

Files and the mapping each is imported with: `opinion_lab.cli.demo.FILES`. `posts` is the lab's own column names, those
of RawItem (native_id, parent, root, platform, kind, author, author_kind, title, text, url, published_at, collected_at,
likes, reposts, comments, views, region); times are local, without a zone. MediaCrawler does not say whose repost a post
is, so reposts come in a file of their own.

Truth, in `truth.zip` (CSV, UTF-8, times in UTC as ISO 8601; `read_truth` gives the typed frames):
- posts: platform, native_id, published_at, kind, story, phase, line_id, topic, copy_of_platform, copy_of_native,
  edited, traditional, demand, is_spam. A copy names the earliest of its like; a text written twice by chance counts
  too. `demand` is the one that was put in on purpose; other sentences of a post may ask as well.
- stories: story, title, line_id, platform, native_id (of the first post), first_at, last_at, n_posts, second_rise_at
- phases: story, phase, start, end: from the designed curve, day and night divided out, not from the draw.
  latent < 10 % of the maximum; spreading 10 % and rising; peak >= 50 %; declining < 50 % and falling; a rise to 50 %
  after a decline is a new spreading and peak; ended: from the first day on which, and after which, less than 1 % of
  the peak day.
- statements: story, key, platform, native_id, at, correct, corrected_by (key of the statement that reverses it)
- demands: story, key, kind (ask, blame, propose), text (one way to say it), n, answered_by (key of the statement;
  null: nobody answered)
- clocks: story, hours, counted_from, start, due, done, state (met, missed) of the first answer
- planted: kind (phone, idno, bank, plate, landline, email, wechat, qq, home, person, author), value (phone, bank and
  landline: digits only), written, platform, native_id: none may survive preparing. `author`: names of persons that
  occur in no text except behind an @.
- holes: platform, start, end, when nothing was collected
- board: title, story, first_at, last_at, best_rank, n (sightings) of the hot list
"""

from tools.county.exports import files, pack
from tools.county.truth import Truth, read_truth

__all__ = ["Truth", "files", "pack", "read_truth"]
