import './base.css';
import './header.css';
